// The cache as bytes, to outlive a restart, and back. What is read back is not trusted: each message is scanned anew.
import { type Clock, MINUTE, SECOND } from '../../base/clock.ts'
import { foldByte } from '../../base/name.ts'
import { putU16, putU32, u16, u32 } from '../../wire/bytes.ts'
import { HEADER } from '../../wire/read-query.ts'
import { scanMessage } from '../../wire/scan-message.ts'
import type { AnswerCache, Remembered } from './answer-cache.ts'
import { BITS, type Question } from './cache-key.ts'

/** Bytes of a chunk: some hundred entries, a millisecond to write or to read. */
const CHUNK = 64 * 1024
/** Entries and bytes that are kept across a restart: those used last, far more than a house has. */
const ENTRIES_MOST = 50_000
const BYTES_MOST = 16 * 1024 ** 2
/** An entry: length u32, seconds when it was stored u32 and u16 above them, TTL u32, bits u8, subnet length u8, subnet, message. */
const HEAD = 16

/** The entries used last, newest first, as chunks. Take the next chunk when others had their turn. */
export function* dumpCache(store: AnswerCache, clock: Clock): Generator<Uint8Array> {
  const [now, ticks] = [clock.now(), clock.ticks()]
  let chunk = new Uint8Array(CHUNK)
  let length = 0
  let total = 0
  for (const kept of store.recent(ENTRIES_MOST)) {
    // What a route means is not certain after a restart.
    if (kept.question.route !== 0) continue
    const entry = entryOf(kept, now - (ticks - kept.stored))
    total += entry.length
    if (total > BYTES_MOST) break
    if (length > 0 && length + entry.length > CHUNK) {
      yield chunk.subarray(0, length)
      chunk = new Uint8Array(CHUNK)
      length = 0
    }
    if (entry.length > chunk.length) chunk = new Uint8Array(entry.length)
    chunk.set(entry, length)
    length += entry.length
  }
  if (length > 0) yield chunk.subarray(0, length)
}

function entryOf({ question, message, ttl }: Remembered, storedAt: number): Uint8Array {
  const { bits, subnet = NONE } = question
  const entry = new Uint8Array(HEAD + subnet.length + message.length)
  const seconds = Math.max(0, Math.floor(storedAt / SECOND))
  putU32(entry, 0, entry.length)
  putU16(entry, 4, Math.floor(seconds / 2 ** 32))
  putU32(entry, 6, seconds >>> 0)
  putU32(entry, 10, ttl)
  entry[14] = bits
  entry[15] = subnet.length
  entry.set(subnet, HEAD)
  entry.set(message, HEAD + subnet.length)
  return entry
}

const NONE = new Uint8Array(0)

/** What became of a chunk's entries. */
export interface Restored {
  readonly kept: number
  /** Entries that are none; what follows one of a false length is lost with it. */
  readonly damaged: number
}

/**
 * Puts a chunk's entries back, their TTLs counted on over the time between. What is newer stays: it was asked for since, or by another
 * thread in its time.
 * An entry from the future, which a clock that was set back makes of all, counts as just expired.
 */
export function restoreCache(store: AnswerCache, clock: Clock, chunk: Uint8Array, staleFor: number): Restored {
  const [now, ticks] = [clock.now(), clock.ticks()]
  const starts: number[] = []
  let damaged = 0
  for (let at = 0; at < chunk.length; ) {
    const length = at + HEAD <= chunk.length ? u32(chunk, at) : 0
    if (length < HEAD || at + length > chunk.length) {
      damaged++
      break
    }
    starts.push(at)
    at += length
  }
  let kept = 0
  // The one used last stands first, and must be put in last.
  for (const at of starts.reverse()) {
    const entry = readEntry(chunk.subarray(at, at + u32(chunk, at)))
    if (entry === undefined) {
      damaged++
      continue
    }
    const { question, rcode, message, ttl, storedAt } = entry
    const age = storedAt > now + MINUTE ? ttl * SECOND : Math.max(0, now - storedAt)
    if (age > (ttl + staleFor) * SECOND || store.hasSince(question, ticks - age)) continue
    store.put(question, rcode, message, ticks - age, ttl)
    kept++
  }
  store.restored += kept
  return { kept, damaged }
}

function readEntry(entry: Uint8Array) {
  const bits = entry[14] as number
  const subnet = entry.slice(HEAD, HEAD + (entry[15] as number))
  const scanned = scanMessage(entry.subarray(HEAD + subnet.length), { dnssecOk: (bits & 1) !== 0, trustAd: true })
  const ttl = u32(entry, 10)
  if ('malformed' in scanned || scanned.truncated || bits > BITS || ttl === 0 || ttl > 0x7fff_ffff) return undefined
  const { message, rcode } = scanned
  const { bytes, questionEnd } = message
  const wire = bytes.slice(HEADER, questionEnd - 4)
  for (let i = 0; i < wire.length; i++) wire[i] = foldByte(wire[i] as number)
  const type = u16(bytes, questionEnd - 4)
  const question: Question = { wire, type, bits, subnet: subnet.length === 0 ? undefined : subnet, route: 0 }
  return { question, rcode, message, ttl, storedAt: (u16(entry, 4) * 2 ** 32 + u32(entry, 6)) * SECOND }
}
