// The commands that ask a running server: stats, findings, explain, lists. Each writes to a terminal and says its exit code.
import { MINUTE } from '../base/clock.ts'
import { type Problem, problemText } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import {
  type Asked,
  askChange,
  askExplain,
  askFindings,
  askFlush,
  askLists,
  askPause,
  askRefresh,
  askStats,
  type FindingsFilter,
  type ServerAt,
} from './client.ts'
import { renderExplanation, renderFindings } from './render.ts'
import { renderLists } from './render-lists.ts'
import { renderStats } from './render-stats.ts'
import type { Flushed } from './schemas.ts'
import type { Style } from './table.ts'
import { bytes, moment } from './words.ts'

/** Where a command writes, and what it is told of the terminal. */
export interface Terminal {
  readonly out: Stream
  readonly err: Stream
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Lines are made for this many columns, fewer on a narrower terminal. */
const WIDTH_MAX = 100
const WIDTH_MIN = 60

/** `askfirst stats`. 0, or 1 where the server could not be asked. */
export const statsCommand = async (at: ServerAt, json: boolean, terminal: Terminal): Promise<number> =>
  show(await askStats(at), renderStats, json, terminal)

/** `askfirst findings`. Exit codes as `statsCommand`. */
export const findingsCommand = async (
  at: ServerAt,
  filter: FindingsFilter,
  json: boolean,
  terminal: Terminal,
): Promise<number> => show(await askFindings(at, filter), renderFindings, json, terminal)

/** `askfirst explain <name>`. Exit codes as `statsCommand`. */
export const explainCommand = async (
  at: ServerAt,
  name: string,
  asker: { readonly device?: string; readonly via?: string },
  json: boolean,
  terminal: Terminal,
): Promise<number> => show(await askExplain(at, name, asker), renderExplanation, json, terminal)

/** `askfirst flush <name>`. Exit codes as `statsCommand`. */
export const flushCommand = async (
  at: ServerAt,
  name: string,
  zone: boolean,
  json: boolean,
  terminal: Terminal,
): Promise<number> => show(await askFlush(at, name, zone), renderFlushed, json, terminal)

const renderFlushed = ({ name, zone, flushed }: Flushed): string =>
  `${flushed === 1 ? '1 answer' : `${flushed} answers`} for ${safeText(name)}${zone ? ' and all under it' : ''} forgotten\n`
/**
 * `askfirst lists --refresh`: has the lists from the web asked for, and waits until that is done; on a terminal it shows how
 * far it is. 0; 1 where the server could not be asked. `sleep` waits so many milliseconds.
 */
export async function refreshCommand(
  at: ServerAt,
  url: string | undefined,
  { err }: Terminal,
  sleep: (ms: number) => Promise<unknown>,
): Promise<number> {
  const asked = await askRefresh(at, url)
  if (asked.kind === 'failed') return complain(asked.problem, err)
  const wanted = new Set(asked.value.lists)
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const seen = await askLists(at, false)
    if (seen.kind === 'failed') return complain(seen.problem, err)
    const all = seen.value.lists.flatMap(({ name, download }) => (download === null ? [] : [{ name, ...download }]))
    const open = all.filter(({ url: one, state }) => wanted.has(one) && state !== 'waiting')
    if (err.isTTY === true) err.write(`\r\u001b[K${open.length === 0 ? '' : fetchingText(open)}`)
    if (open.length === 0) return 0
    await sleep(LOOK_EVERY)
  }
  return 0
}

/** How often it is looked, ms, and how many times: longer than any one download may take. */
const LOOK_EVERY = 200
const LOOKS_MAX = (2 * 30 * MINUTE) / LOOK_EVERY

function fetchingText(open: readonly { readonly name: string; readonly state: string; readonly received: number }[]) {
  const now = open.find(({ state }) => state === 'fetching') ?? open[0]
  const more = open.length > 1 ? `, ${open.length - 1} more` : ''
  const far = now?.state === 'fetching' ? `${bytes(now.received)}` : now?.state
  return `${safeText(now?.name ?? '', 40)}: ${far}${more}`
}

/** `askfirst lists`. `now`: epoch milliseconds. Exit codes as `statsCommand`. */
export const listsCommand = async (
  at: ServerAt,
  compare: boolean,
  json: boolean,
  terminal: Terminal,
  now: number,
): Promise<number> =>
  show(await askLists(at, compare), (found, style) => renderLists(found, style, now), json, terminal)

/** `askfirst block`, `allow`, `name`, `bonus`. Exit codes as `statsCommand`. */
export const changeCommand = async (
  at: ServerAt,
  path: Parameters<typeof askChange>[1],
  body: object,
  json: boolean,
  terminal: Terminal,
): Promise<number> =>
  show(
    await askChange(at, path, body),
    ({ done, file }) => `${safeText(done)}${file === null ? '' : ` (${safeText(file)})`}\n`,
    json,
    terminal,
  )

/** `askfirst pause`. Exit codes as `statsCommand`. */
export const pauseCommand = async (at: ServerAt, body: object, json: boolean, terminal: Terminal): Promise<number> =>
  show(
    await askPause(at, body),
    ({ active, until, file }, { zone }) => {
      if (!active) return 'blocked again\n'
      const kept = file === null ? 'not written down: a restart ends it' : safeText(file)
      return `not blocked until ${moment(until, zone)} (${kept})\n`
    },
    json,
    terminal,
  )

function show<T>(
  asked: Asked<T>,
  render: (value: T, style: Style) => string,
  json: boolean,
  terminal: Terminal,
): number {
  if (asked.kind === 'failed') return complain(asked.problem, terminal.err)
  terminal.out.write(json ? `${asked.json}\n` : render(asked.value, styleOf(terminal)))
  return 0
}

function complain(problem: Problem, err: Stream): number {
  err.write(`${problemText(problem)}\n`)
  return 1
}

/** Colours only where somebody looks and has not said no (https://no-color.org). */
function styleOf({ out, env }: Terminal): Style {
  const colour = out.isTTY === true && (env['NO_COLOR'] ?? '') === ''
  const width = Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, out.columns ?? WIDTH_MAX))
  return { colour, width, zone: undefined }
}
