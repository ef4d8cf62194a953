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
  /** EDNS options by code; they make an OPT record of size 1232 where `edns` does not say otherwise. */
  readonly options?: Readonly<Record<number, Uint8Array>>
}

/** dns-packet knows these by number only, and would ask for type 0. */
const UNKNOWN_THERE: Readonly<Record<string, string>> = { SVCB: 'UNKNOWN_64', HTTPS: 'UNKNOWN_65' }

/** A query packet. */
export function queryPacket(name: string, options: AskOptions = {}): Buffer {
  const {
    type = 'A',
    id = 4711,
    recursion = true,
    checkingDisabled = false,
    authenticData = false,
    dnssecOk = false,
  } = options
  const edns = options.edns ?? (options.options === undefined ? undefined : 1232)
  return encode({
    type: 'query',
    id,
    flags: (recursion ? 0x0100 : 0) | (checkingDisabled ? 0x0010 : 0) | (authenticData ? 0x0020 : 0),
    questions: [{ type: UNKNOWN_THERE[type] ?? type, name } as never],
    additionals: edns === undefined ? [] : [opt(edns, dnssecOk, 0, options.options)],
  })
}

/** An OPT record as dns-packet wants it. */
export const opt = (
  size: number,
  dnssecOk = false,
  extendedRcode = 0,
  options: Readonly<Record<number, Uint8Array>> = {},
) =>
  ({
    type: 'OPT',
    name: '.',
    udpPayloadSize: size,
    extendedRcode,
    ednsVersion: 0,
    flags: dnssecOk ? 0x8000 : 0,
    flag_do: dnssecOk,
    options: Object.entries(options).map(([code, data]) => ({ code: Number(code), data: Buffer.from(data) })),
  }) as never

/** A response packet, as an upstream would send it. `flags` beside QR. */
export function responsePacket(parts: Partial<Packet> & { flags?: number }): Buffer {
  const records = <T extends { readonly type: string }>(all: readonly T[] | undefined) =>
    all?.map((record) => ({ ...record, type: UNKNOWN_THERE[record.type] ?? record.type }))
  const { questions, answers, authorities, additionals } = parts
  const sections = {
    questions: records(questions as never),
    answers: records(answers as never),
    authorities: records(authorities as never),
    additionals: records(additionals as never),
  }
  return encode({ type: 'response', flags: 0x0180, ...parts, ...sections } as unknown as Packet)
}

/** Reads a packet; throws where the independent decoder finds it malformed. */
export const readPacket = (packet: Uint8Array): DecodedPacket => decode(Buffer.from(packet))

/** The data of an EDNS option of a packet. */
export function optionOf(packet: Uint8Array, option: number): Buffer | undefined {
  const record = readPacket(packet).additionals?.find(({ type }) => type === 'OPT') as
    | { options?: { code: number; data?: Buffer }[] }
    | undefined
  return record?.options?.find(({ code }) => code === option)?.data
}

/** The response code with its upper bits (RFC 6891 §6.1.3). */
export function fullRcodeOf(packet: Uint8Array): number {
  const record = readPacket(packet).additionals?.find(({ type }) => type === 'OPT') as
    | { extendedRcode?: number }
    | undefined
  return ((record?.extendedRcode ?? 0) << 4) | ((packet[3] as number) & 15)
}

/** The extended DNS error of a packet: code and text. */
export function extendedErrorOf(packet: Uint8Array): { code: number; text: string } | undefined {
  const data = optionOf(packet, 15)
  return data === undefined ? undefined : { code: data.readUInt16BE(0), text: data.subarray(2).toString() }
}
