// Asks a running askfirst over its HTTP API, for the command line. Knows no terminal.
import type { z } from 'zod'
import { type Endpoint, endpointText } from '../base/address.ts'
import { SECOND } from '../base/clock.ts'
import { ERRORS, type Place, type Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import { type Changed, changed } from './change-schemas.ts'
import { type Explanation, explanation } from './explain-schema.ts'
import { type Lists, lists, type Refreshing, refreshing } from './lists-schema.ts'
import { safeJson } from './safe-json.ts'
import {
  type Failed,
  type FindingsPage,
  type Flushed,
  failed,
  findingsPage,
  flushed,
  type PauseChanged,
  pauseChanged,
} from './schemas.ts'
import { type Stats, stats } from './stats-schema.ts'

/** Where a server is. */
export interface ServerAt {
  /** `http://127.0.0.1:8053` */
  readonly base: string
  readonly token: string | undefined
  /** Milliseconds that one request may take in all. */
  readonly timeout?: number
}

/** What came back: the value with all of its JSON, safe to show, or why there is none. */
export type Asked<T> =
  | { readonly kind: 'answer'; readonly value: T; readonly json: string }
  | { readonly kind: 'failed'; readonly problem: Problem }

/** What `findings` may be asked for; text as people write it, checked by the server. */
export interface FindingsFilter {
  readonly kind?: string
  readonly device?: string
  readonly since?: string
  readonly limit?: string
  readonly cursor?: string
}

/** `explain` may read through every list first. */
const TIMEOUT = 30 * SECOND
/** A thousand findings and all devices of a campus take less than 2 MiB. */
const ANSWER_MAX = 32 * 1024 * 1024

/** The base for an address of `http.listen`; a wildcard is reached over loopback. */
export function baseOf({ address, port }: Endpoint): string {
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  return `http://${endpointText({ address: reachable, port })}`
}

/** All figures. Problems: ASKFIRST_E_NOT_RUNNING, _HTTP_AUTH, or the code that the server answers. */
export const askStats = (at: ServerAt): Promise<Asked<Stats>> => ask(at, '/api/v1/stats', {}, stats)

/** One page of findings. Problems as `askStats`. */
export const askFindings = (at: ServerAt, filter: FindingsFilter): Promise<Asked<FindingsPage>> =>
  ask(at, '/api/v1/findings', filter, findingsPage)

/** Why a name is blocked or not. Problems as `askStats`. */
export const askExplain = (
  at: ServerAt,
  name: string,
  asker: { readonly device?: string; readonly via?: string },
): Promise<Asked<Explanation>> => ask(at, '/api/v1/explain', { name, ...asker }, explanation)

/** All lists, compared with each other if `compare`. Problems as `askStats`. */
export const askLists = (at: ServerAt, compare: boolean): Promise<Asked<Lists>> =>
  ask(at, '/api/v1/lists', { compare: String(compare) }, lists)

/** Has it ask for its lists from the web, or for the one of a URL. Problems as `askStats`. */
export const askRefresh = (at: ServerAt, url: string | undefined): Promise<Asked<Refreshing>> =>
  ask(at, '/api/v1/lists/refresh', {}, refreshing, url === undefined ? {} : { url })

/** Makes it forget what is cached for a name, or for a zone with all under it. Problems as `askStats`. */
export const askFlush = (at: ServerAt, name: string, zone: boolean): Promise<Asked<Flushed>> =>
  ask(at, '/api/v1/cache/flush', {}, flushed, { name, zone })

/** Changes something: a rule, a name, the hours of a group. Problems as `askStats`. */
export const askChange = (
  at: ServerAt,
  path: '/api/v1/rules' | '/api/v1/devices/name' | '/api/v1/bonus',
  body: object,
): Promise<Asked<Changed>> => ask(at, path, {}, changed, body)

/** Pauses. Problems as `askStats`. */
export const askPause = (at: ServerAt, body: object): Promise<Asked<PauseChanged>> =>
  ask(at, '/api/v1/pause', {}, pauseChanged, body)

/** Asks; with a `body` by POST. */
async function ask<T>(
  at: ServerAt,
  path: string,
  query: object,
  schema: z.ZodType<T>,
  body?: object,
): Promise<Asked<T>> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const url = URL.parse(`${path}?${new URLSearchParams(given)}`, at.base)
  if (url === null) return notRunning(at, 'this is not the address of a server')
  let status: number
  let json: string
  try {
    const response = await fetch(url, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(at.token === undefined ? {} : { authorization: `Bearer ${at.token}` }),
      },
      // A redirect would carry the token to wherever it points.
      redirect: 'error',
      signal: AbortSignal.timeout(at.timeout ?? TIMEOUT),
    })
    status = response.status
    json = await boundedText(response)
  } catch (fault) {
    return notRunning(at, reasonOf(fault))
  }
  const said = parse(json)
  const answer = schema.safeParse(said)
  if (status === 200 && answer.success)
    return { kind: 'answer', value: answer.data, json: safeJson(JSON.stringify(said)) }
  const refusal = failed.safeParse(said)
  if (!refusal.success) return notRunning(at, 'something else answers there, or another version')
  return { kind: 'failed', problem: refused(refusal.data.error) }
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > ANSWER_MAX) throw new Error('the answer is larger than 32 MiB')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const notRunning = ({ base }: ServerAt, why: string): { kind: 'failed'; problem: Problem } => ({
  kind: 'failed',
  problem: {
    code: 'ASKFIRST_E_NOT_RUNNING',
    message: `no running askfirst at ${safeText(base)}: ${safeText(why)}`,
    hint: 'Start it with "askfirst run", or say where it is: the address stands under "http.listen" in its configuration.',
  },
})

function refused({ code, message, place, hint }: Failed['error']): Problem {
  if (code === 'ASKFIRST_E_HTTP_AUTH') {
    return {
      code,
      message: ERRORS[code],
      hint: 'Use the configuration file that the server runs with: the token stands there under "http.token".',
    }
  }
  const where = Object.entries(place ?? {}).map(([key, value]) => [
    key,
    typeof value === 'string' ? safeText(value, 256) : value,
  ])
  // A place is shown before the message: once is enough.
  const said = place?.path !== undefined && message.startsWith(`${place.path}: `) ? place.path.length + 2 : 0
  return {
    code,
    message: safeText(message.slice(said)),
    ...(where.length === 0 ? {} : { place: Object.fromEntries(where) as Place }),
    ...(hint === undefined ? {} : { hint: safeText(hint) }),
  }
}

function reasonOf(fault: unknown): string {
  const cause = fault instanceof Error && fault.cause instanceof Error ? fault.cause : fault
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'no answer in time'
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  return cause instanceof Error ? cause.message || (code ?? cause.name) : String(cause)
}
