// The building blocks of the pages: a headed table, a page, what devices are called. Knows no answer of the API.
import type { PauseState } from './schemas.ts'
import { type Cell, type Column, line, type Style, table } from './table.ts'
import { moment, number } from './words.ts'

/** A heading and a table, or nothing where there are no rows. `#` before a title aligns right, `~` gives way. */
export function section(
  heading: string,
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): string[] {
  return rows.length === 0 ? [] : [line(heading, style, 'head'), ...table(columns(titles), rows, style), '']
}

/** Columns of their titles. */
export const columns = (titles: readonly string[]): Column[] =>
  titles.map((title) => {
    const mark = title.charAt(0)
    if (mark === '#') return { title: title.slice(1), align: 'right' }
    return mark === '~' ? { title: title.slice(1), flex: true } : { title }
  })

/** Says that blocking is paused, where it is. */
export const paused = ({ active, until, by }: PauseState, style: Style): string[] =>
  active ? [line(`Blocking is paused until ${moment(until, style.zone)} (${by ?? 'unknown'}).`, style, 'warn')] : []

/** A device by its name and its id. */
export const deviceText = (device: string, name: string | null): string =>
  name === null ? device : `${name} (${device})`

/** `1 list`, `2 lists`. */
export const plural = (count: number, word: string): string => `${number(count)} ${word}${count === 1 ? '' : 's'}`

/** Lines as text: no two empty ones together, none at the end. */
export const page = (lines: readonly string[]): string =>
  `${lines
    .filter((text, i) => text !== '' || (lines[i - 1] ?? '') !== '')
    .join('\n')
    .trimEnd()}\n`
