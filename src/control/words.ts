// Figures in words for a terminal: numbers, shares, times, lengths of time. Knows no layout.
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'

const NUMBERS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 })

/** `12,345` */
export const number = (value: number): string => NUMBERS.format(value)

/** `32.3 %` of 0.323. */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

/** `2026-11-22 13:30:05` in the zone, or in this machine's; `never` where there is none. */
export function moment(text: string | null, zone: string | undefined): string {
  if (text === null) return 'never'
  const at = Date.parse(text)
  if (Number.isNaN(at)) return text
  // Sweden writes dates as ISO 8601 does.
  const options = {
    dateStyle: 'short',
    timeStyle: 'medium',
    ...(zone === undefined ? {} : { timeZone: zone }),
  } as const
  return new Intl.DateTimeFormat('sv-SE', options).format(at)
}

/** `2 d 3 h`, `5 min 2 s`, `12 s`: the two largest units of a number of milliseconds. */
export function span(ms: number): string {
  const units = [
    ['d', DAY],
    ['h', HOUR],
    ['min', MINUTE],
    ['s', SECOND],
  ] as const
  let rest = Math.max(0, Math.floor(ms))
  const parts: string[] = []
  for (const [unit, size] of units) {
    const whole = Math.floor(rest / size)
    rest -= whole * size
    if (whole > 0) parts.push(`${whole} ${unit}`)
    else if (parts.length > 0) break
  }
  return parts.length === 0 ? '0 s' : parts.slice(0, 2).join(' ')
}

/** `850 µs`, `12.5 ms`, `1.2 s` of microseconds; `–` where there are none. */
export function micros(us: number | null): string {
  if (us === null) return '–'
  if (us < 1000) return `${number(us)} µs`
  return us < 1_000_000 ? `${number(us / 1000)} ms` : `${number(us / 1_000_000)} s`
}

/** `1.5 MiB` of bytes. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let i = 0
  while (value >= 1024 && i < units.length - 1) {
    value /= 1024
    i++
  }
  return `${number(value)} ${units[i]}`
}

/** One letter of eight heights for each value: `▁▃█`. */
export function bars(values: readonly number[]): string {
  const highest = Math.max(...values)
  return values
    .map((value) => (value === 0 ? '·' : '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor((8 * value) / highest))]))
    .join('')
}
