// Numbers and tables as text.

/** A Markdown table. */
export const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** With commas between thousands, without decimals. */
export const commas = (value: number): string => Math.round(value).toLocaleString('en')

/** Megabytes of 1,000,000 bytes. */
export const bytes = (value: number): string => `${(value / 1e6).toFixed(0)} MB`

/** A share as per cent; small ones with a decimal. */
export const percent = (share: number): string => `${(share * 100).toFixed(Math.abs(share) < 0.1 ? 1 : 0)} %`

/** The middle value, and behind it the lowest and the highest. */
export function range(
  of: { readonly median: number; readonly min: number; readonly max: number },
  digits: number,
): string {
  const text = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${text(of.median)} (${text(of.min)}–${text(of.max)})`
}
