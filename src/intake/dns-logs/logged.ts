// What a line of a DNS log says. Knows no format.
import type { Address } from '../../base/address.ts'
import type { EpochMs } from '../../base/clock.ts'
import { type Name, parseName } from '../../base/name.ts'
import type { HandOut } from '../../base/reply.ts'

/** One answer that a log says a client was given. */
export interface LoggedAnswer {
  /** When, at the earliest: logs cut fractions of a second off. */
  readonly time: EpochMs
  readonly client: Address
  /** The name that was asked, not one that an alias led to. */
  readonly name: Name
  readonly handOuts: readonly HandOut[]
  /** Who answered, where the log tells; a log that a resolver writes of itself does not. */
  readonly server?: Address | undefined
}

/** How a line ends: exactly one of these. */
export type Logged =
  /** Understood. One answer may have gone to several clients; none where the line hands out nothing. */
  | { readonly kind: 'answers'; readonly answers: readonly LoggedAnswer[] }
  /** Not a line of this format. */
  | { readonly kind: 'not-ours' }
  /** A line of this format that contradicts itself or lacks what an answer needs. */
  | { readonly kind: 'reject'; readonly reason: string }

/** Reads one log from its first line on; keeps what later lines refer to. */
export type DnsLogReader = (line: string) => Logged

export const NOT_OURS: Logged = Object.freeze({ kind: 'not-ours' })
export const NO_ANSWER: Logged = Object.freeze({ kind: 'answers', answers: Object.freeze([]) })

/** A rejected line. */
export const rejected = (reason: string): Logged => ({ kind: 'reject', reason })

/** An understood line with its answers. */
export const answered = (...answers: readonly LoggedAnswer[]): Logged => ({ kind: 'answers', answers })

/** A name as logs write it; `undefined` where it is none that can be asked for. */
export const loggedName = (text: unknown): Name | undefined =>
  typeof text === 'string' && text.length <= 1024 ? parseName(text) : undefined

/** Seconds since 1970, as a number or as text, or an ISO 8601 stamp with a zone, as epoch milliseconds. */
export function loggedTime(value: unknown): EpochMs | undefined {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof seconds === 'number' && !Number.isNaN(seconds)) {
    return seconds >= 0 && seconds <= LAST_SECOND ? Math.round(seconds * 1e6) / 1e3 : undefined
  }
  if (typeof value !== 'string' || !ISO.test(value)) return undefined
  const time = Date.parse(value)
  return Number.isNaN(time) || time < 0 ? undefined : time
}

/** The end of the year 9999: what is later is no time but a mistake, such as milliseconds for seconds. */
const LAST_SECOND = 253_402_300_799
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/
