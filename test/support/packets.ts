// DNS packets for tests, made and read by an independent implementation (dns-packet), never by our own wire code.
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet'

/** What a test asks. */
export interface AskOptions {
  readonly type?: string
  readonly id?: number
  /** Recursion desired; on unless said otherwise. */
  readonly recursion?: boolean
  readonly checkingDisabled?: boolean
  /** AD in the query: "I understand AD". */
  readonly authenticData?: boolean
  /** EDNS size; left out: no OPT record. */
  readonly edns?: number
  readonly dnssecOk?: boolean
}

/** A query packet. */
export function queryPacket(name: string, options: AskOptions = {}): Buffer {
  const {
    type = 'A',
    id = 4711,
    recursion = true,
    checkingDisabled = false,
    authenticData = false,
    edns,
    dnssecOk = false,
  } = options
  return encode({
    type: 'query',
    id,
    flags: (recursion ? 0x0100 : 0) | (checkingDisabled ? 0x0010 : 0) | (authenticData ? 0x0020 : 0),
    questions: [{ type, name } as never],
    additionals: edns === undefined ? [] : [opt(edns, dnssecOk)],
  })
}

/** An OPT record as dns-packet wants it. */
export const opt = (size: number, dnssecOk = false, extendedRcode = 0) =>
  ({
    type: 'OPT',
    name: '.',
    udpPayloadSize: size,
    extendedRcode,
    ednsVersion: 0,
    flags: dnssecOk ? 0x8000 : 0,
    flag_do: dnssecOk,
    options: [],
  }) as never

/** A response packet, as an upstream would send it. `flags` beside QR. */
export function responsePacket(parts: Partial<Packet> & { flags?: number }): Buffer {
  return encode({ type: 'response', flags: 0x0180, ...parts } as Packet)
}

/** Reads a packet; throws where the independent decoder finds it malformed. */
export const readPacket = (packet: Uint8Array): DecodedPacket => decode(Buffer.from(packet))

/** The extended DNS error of a packet: code and text. */
export function extendedErrorOf(packet: Uint8Array): { code: number; text: string } | undefined {
  const record = readPacket(packet).additionals?.find(({ type }) => type === 'OPT') as
    | { options?: { code: number; data?: Buffer }[] }
    | undefined
  const data = record?.options?.find(({ code }) => code === 15)?.data
  return data === undefined ? undefined : { code: data.readUInt16BE(0), text: data.subarray(2).toString() }
}
