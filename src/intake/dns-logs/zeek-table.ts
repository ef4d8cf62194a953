// The tab-separated logs of Zeek: header lines name the columns, and may come again. Knows no kind of log.

/** One row by column name; a column that is unset (`-`) is left out, an empty one (`(empty)`) is ''. */
export type ZeekRow = ReadonlyMap<string, string>

/** What a line of a Zeek log is. */
export type ZeekLine =
  | { readonly kind: 'header' }
  | { readonly kind: 'row'; readonly row: ZeekRow; readonly path: string | undefined }
  /** A row before any `#fields`, or with another number of columns: cut, or not Zeek's at all. */
  | { readonly kind: 'bad'; readonly reason: string }

/** Columns that are read of one line; Zeek's own logs have some forty. */
const MOST_COLUMNS = 256

/** Makes a reader that follows the header lines. */
export function zeekTable(): { readonly read: (line: string) => ZeekLine; readonly setSeparator: () => string } {
  let separator = '\t'
  let setSeparator = ','
  let unset = '-'
  let empty = '(empty)'
  let path: string | undefined
  let fields: readonly string[] = []

  const readHeader = (line: string): void => {
    // `#separator` is followed by a blank, the others by the separator.
    const [key = '', ...values] = line.slice(1).split(line.startsWith('#separator ') ? ' ' : separator, MOST_COLUMNS)
    const value = unescaped(values[0] ?? '')
    if (key === 'separator' && value !== '') separator = value
    else if (key === 'set_separator' && value !== '') setSeparator = value
    else if (key === 'unset_field') unset = value
    else if (key === 'empty_field') empty = value
    else if (key === 'path') path = value
    else if (key === 'fields') fields = values
  }

  const read = (line: string): ZeekLine => {
    if (line.startsWith('#')) {
      readHeader(line)
      return HEADER
    }
    const values = line.split(separator, MOST_COLUMNS)
    if (fields.length === 0) return { kind: 'bad', reason: 'no #fields line before it' }
    if (values.length !== fields.length) return { kind: 'bad', reason: 'not as many columns as #fields names' }
    const row = new Map<string, string>()
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as string
      if (value !== unset) row.set(fields[i] as string, value === empty ? '' : value)
    }
    return { kind: 'row', row, path }
  }
  return { read, setSeparator: () => setSeparator }
}

/** `\x09` and the like, as Zeek escapes separators and bytes that cannot be printed. */
export const unescaped = (text: string): string =>
  text.includes('\\x')
    ? text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : text

const HEADER: ZeekLine = Object.freeze({ kind: 'header' })
