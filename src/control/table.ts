// Text for a terminal: aligned columns in a stated width, colours, hostile text made safe. Knows no figure.
import { styleText } from 'node:util'
import { safeText } from '../base/text.ts'

/** How a terminal wants it. */
export interface Style {
  /** Columns; no line is longer. */
  readonly width: number
  readonly colour: boolean
  /** IANA name of the zone that times are shown in; undefined for this machine's. */
  readonly zone: string | undefined
}

/** What a colour means. */
export type Tone = 'good' | 'bad' | 'warn' | 'faint' | 'head'

/** One cell: its text as it came, and perhaps a tone. */
export type Cell = string | { readonly text: string; readonly tone: Tone }

/** One column. The one with `flex` gives way where a table is too wide. */
export interface Column {
  readonly title: string
  readonly align?: 'right'
  readonly flex?: true
}

const FORMATS = { good: 'green', bad: 'red', warn: 'yellow', faint: 'dim', head: 'bold' } as const
const GAP = 2
const FLEX_MIN = 8

/** Rows under their titles, as lines without a trailing newline. Every cell is escaped and cut to its column. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): string[] {
  const cells = rows.map((row) => row.map((cell) => ({ ...toned(cell), text: safeText(toned(cell).text, CELL_MAX) })))
  const widths = columns.map(({ title }, i) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[i]?.text ?? ''))),
  )
  narrow(
    widths,
    columns.findIndex((column) => column.flex),
    style.width,
  )
  const line = (row: readonly { text: string; tone: Tone | undefined }[]): string => {
    const parts = row.map(({ text, tone }, i) => {
      const width = widths[i] as number
      const short = cut(text, width)
      const pad = ' '.repeat(width - widthOf(short))
      return columns[i]?.align === 'right' ? pad + paint(short, tone, style) : paint(short, tone, style) + pad
    })
    return `  ${parts.join(' '.repeat(GAP))}`.trimEnd()
  }
  return [line(columns.map(({ title }) => ({ text: title, tone: 'faint' }))), ...cells.map(line)]
}

/** Narrows columns until a row fits: the flexible one first, then always the widest. */
function narrow(widths: number[], flex: number, width: number): void {
  let over = widths.reduce((sum, column) => sum + column + GAP, 0) - width
  for (; over > 0; over--) {
    const at = (widths[flex] ?? 0) > FLEX_MIN ? flex : widths.indexOf(Math.max(...widths))
    widths[at] = (widths[at] as number) - 1
  }
}

/** One line of free text: escaped, and cut to the width. */
export const line = (text: string, style: Style, tone?: Tone): string =>
  paint(cut(safeText(text, CELL_MAX), style.width), tone, style)

const CELL_MAX = 1024

const toned = (cell: Cell): { text: string; tone: Tone | undefined } =>
  typeof cell === 'string' ? { text: cell, tone: undefined } : cell

const paint = (text: string, tone: Tone | undefined, { colour }: Style): string =>
  colour && tone !== undefined && text !== '' ? styleText(FORMATS[tone], text, { validateStream: false }) : text

/** Columns that a terminal gives to a text (Unicode UAX #11): marks take none, East Asian wide letters and emoji two. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const char of text) width += charWidth(char)
  return width
}

const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u

const charWidth = (char: string): number => (/\p{M}|\p{Cf}/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1)

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let used = 0
  let short = ''
  for (const char of text) {
    if (used + charWidth(char) > width - 1) break
    used += charWidth(char)
    short += char
  }
  return `${short}…`
}
