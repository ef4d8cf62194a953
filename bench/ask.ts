// Asks a server one question over UDP and looks at what comes back: enough to see whether it is up and answers rightly.
import { createSocket } from 'node:dgram'
import { setTimeout as pause } from 'node:timers/promises'

/** The types that the benchmark asks for (IANA DNS parameters). */
export const TYPES = { A: 1, AAAA: 28, HTTPS: 65 } as const
export type Type = keyof typeof TYPES

/** An answer, as far as it matters here. */
export interface Seen {
  readonly rcode: number
  /** Data of the answer's records of the type that was asked for, in hex. */
  readonly data: readonly string[]
}

/** What `bench/rivals/root.zone` has for every name; of an HTTPS record, that it is one. */
const UPSTREAM: Record<Type, string> = { A: 'c0000201', AAAA: '20010db8000000000000000000000001', HTTPS: '' }

/** The name was forwarded to the upstream. */
export const isForwarded = ({ data }: Seen, type: Type): boolean => data.some((its) => its.startsWith(UPSTREAM[type]))

/** The name was answered, and not with what the upstream has: NXDOMAIN, no data, or an address that leads nowhere. */
export const isBlocked = (seen: Seen, type: Type): boolean =>
  (seen.rcode === 0 || seen.rcode === 3) && !isForwarded(seen, type)

/** Asks once; `undefined` where nothing comes in time. */
export function ask(port: number, name: string, type: Type, withinMs: number): Promise<Seen | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const done = (seen: Seen | undefined): void => {
      clearTimeout(late)
      socket.close()
      resolve(seen)
    }
    const late = setTimeout(() => done(undefined), withinMs)
    const query = writeQuery(name, TYPES[type])
    socket.on('message', (reply) => {
      // A socket may have been given the very port that it asks, and then hears itself (RFC 1035 §4.1.1: QR).
      if (((reply[2] as number) & 0x80) !== 0) done(readReply(reply, query.length, TYPES[type]))
    })
    // Nobody listens yet: the time runs out.
    socket.on('error', () => {})
    socket.connect(port, '127.0.0.1', () => socket.send(query))
  })
}

/** Asks again and again until the answer is as wanted. Returns the milliseconds that took; rejects after `withinMs`. */
export async function askUntil(
  port: number,
  name: string,
  wanted: (seen: Seen) => boolean,
  withinMs: number,
  everyMs: number,
  givenUp: () => boolean = () => false,
): Promise<number> {
  const begun = performance.now()
  for (;;) {
    const asked = performance.now()
    const seen = await ask(port, name, 'A', everyMs)
    const now = performance.now()
    if (seen !== undefined && wanted(seen)) return now - begun
    if (now - begun > withinMs || givenUp()) throw new Error(`no right answer from port ${port} within ${withinMs} ms`)
    await pause(Math.max(0, everyMs - (now - asked)))
  }
}

function writeQuery(name: string, type: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]))
  // ID 0x6173, RD, one question.
  const header = Buffer.from([0x61, 0x73, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])])
}

function readReply(reply: Buffer, at: number, type: number): Seen {
  const data: string[] = []
  for (let left = reply.readUInt16BE(6); left > 0; left--) {
    // A name ends with a pointer of two bytes or with the root.
    while ((reply[at] as number) !== 0 && (reply[at] as number) < 0xc0) at += (reply[at] as number) + 1
    at += (reply[at] as number) === 0 ? 1 : 2
    const size = reply.readUInt16BE(at + 8)
    if (reply.readUInt16BE(at) === type) data.push(reply.subarray(at + 10, at + 10 + size).toString('hex'))
    at += 10 + size
  }
  return { rcode: (reply[3] as number) & 15, data }
}
