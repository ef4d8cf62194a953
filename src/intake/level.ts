// The word `kern.warn`, as OpenWrt and EdgeOS write facility and level (RFC 5424 §6.2.1) into their lines.

/** Whether the word from `from` to `end` is a facility and a level. */
export function isLevel(line: string, from: number, end: number): boolean {
  if (end - from > 16) return false
  const dot = line.indexOf('.', from)
  return dot > from && dot < end && FACILITIES.has(line.slice(from, dot)) && LEVELS.has(line.slice(dot + 1, end))
}

const FACILITIES: ReadonlySet<string> = new Set([
  ...'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' '),
  ...Array.from({ length: 8 }, (_, i) => `local${i}`),
])
const LEVELS: ReadonlySet<string> = new Set(
  'emerg panic alert crit err error warn warning notice info debug'.split(' '),
)
