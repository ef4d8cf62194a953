// The lists as a page for a terminal. Knows no stream.
import { columns, page, section } from './layout.ts'
import type { Lists } from './lists-schema.ts'
import { type Cell, line, type Style, table } from './table.ts'
import { moment, number, percent, span } from './words.ts'

type List = Lists['lists'][number]

/** Below this share of lines in one format a list is worth a look. */
const CONFIDENT = 0.9

/** What each list gives, and how current it is. `now`: epoch milliseconds. */
export function renderLists({ lists }: Lists, style: Style, now: number): string {
  if (lists.length === 0)
    return page([line('There is no list. Put one into the lists folder, or name it under "lists".', style)])
  const compared = lists.some(({ comparison }) => comparison !== null)
  const fromWeb = lists.filter(({ download }) => download !== null)
  return page([
    ...table(
      columns([
        '~list',
        'kind',
        'format',
        '#lines',
        '#rules',
        ...(compared ? ['#unique'] : []),
        '#rejected',
        '#skipped',
        '#hits',
      ]),
      lists.map((list) => [
        list.name,
        list.kind,
        formatCell(list),
        number(list.lines),
        number(list.rules),
        ...(compared ? [list.comparison === null ? '–' : number(list.comparison.unique)] : []),
        { text: number(list.rejected), tone: list.rejected > 0 ? ('warn' as const) : ('faint' as const) },
        number(Object.values(list.skipped).reduce((sum, one) => sum + one, 0)),
        number(list.hits),
      ]),
      style,
    ),
    '',
    ...section(
      'From the web',
      ['~list', 'age', 'asked', 'next', 'sha256', '~state'],
      fromWeb.map((list) => webRow(list, now)),
      style,
    ),
    ...section(
      'Last changes',
      ['~list', 'when', '#added', '#removed', '#rules since'],
      lists.flatMap(({ name, change }) =>
        change === null
          ? []
          : [[name, moment(change.at, style.zone), number(change.added), number(change.removed), number(change.rules)]],
      ),
      style,
    ),
    ...section(
      'In common',
      ['~list', '~with', '#rules', '#of all'],
      lists.flatMap(({ name, comparison }) =>
        (comparison?.shared ?? []).map((other) => [
          name,
          other.list,
          number(other.rules),
          percent(other.rules / Math.max(1, comparison?.rules ?? 1)),
        ]),
      ),
      style,
    ),
  ])
}

function formatCell({ formats, confidence }: List): Cell {
  const [format] = formats
  if (format === undefined) return '–'
  return confidence < CONFIDENT ? { text: `${format} ${percent(confidence)}`, tone: 'warn' } : format
}

function webRow({ name, download }: List, now: number): Cell[] {
  if (download === null) return []
  const { fetched, checked, next, sha256, failures, why, state, received } = download
  const ago = (at: string | null): string => (at === null ? 'never' : span(now - Date.parse(at)))
  const doing: Cell =
    state === 'fetching'
      ? `fetching, ${number(received)} bytes`
      : state !== 'waiting'
        ? state
        : why === null
          ? { text: 'good', tone: 'good' }
          : { text: `${why} (tries: ${failures})`, tone: 'bad' }
  const due = Math.max(0, Date.parse(next) - now)
  return [name, ago(fetched), ago(checked), `in ${span(due)}`, sha256?.slice(0, 12) ?? '–', doing]
}
