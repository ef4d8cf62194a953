// `askfirst audit`: what its options mean, its output, its progress. Knows no command line; judges nothing itself.
import { type AuditEvents, type AuditLogs, type AuditOptions, audit } from './audit-logs.ts'
import { type Address, PRIVATE_RANGES, type Prefix, parseAddress, parsePrefix } from './base/address.ts'
import { bounded } from './base/bounds.ts'
import { DAY, HOUR, MINUTE, SECOND } from './base/clock.ts'
import { type Problem, problemText } from './base/failure.ts'
import { zoneNamed } from './intake/zone.ts'
import { LEDGER } from './ledger/bounds.ts'
import type { Judgement } from './ledger/verdict.ts'

/** Where an audit writes. */
export interface AuditTerminal {
  readonly out: NodeJS.WritableStream
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/** Runs an audit with options as they were typed; returns the exit code. */
export async function runAudit(typed: Readonly<Record<string, unknown>>, terminal: AuditTerminal): Promise<number> {
  const read = readOptions(typed)
  if ('problems' in read) return fail(read.problems, terminal)
  const json = typed['json'] === true
  const lines: string[] = []
  const flush = async (): Promise<void> => {
    if (lines.length > 0) await write(terminal.out, lines.splice(0).join(''))
  }
  const progress = progressOn(terminal.err)
  const events: AuditEvents = {
    judged: (judgement) => {
      if (json) lines.push(`${JSON.stringify(lineOf(judgement))}\n`)
    },
    progress: (file, share) => {
      progress.show(file, share)
      return flush()
    },
  }
  const audited = await audit(read.logs, read.options, events)
  progress.clear()
  if ('problems' in audited) return fail(audited.problems, terminal)
  if (!json) lines.push(audited.summary.text(audited.findings))
  await flush()
  return 0
}

/** One connection as `--json` prints it. */
export function lineOf({ report, verdict, reason }: Judgement): Record<string, unknown> {
  return {
    time: new Date(report.time).toISOString(),
    src: report.src,
    dst: report.dst,
    proto: report.proto,
    dport: report.dport ?? null,
    verdict: verdict.kind,
    class: 'class' in verdict ? verdict.class : null,
    names: 'names' in verdict ? verdict.names.map(({ name }) => name) : [],
    reason,
  }
}

/** Bounds of the lengths of time that may be typed. */
const TIMES = {
  window: LEDGER.window,
  // The logs are all there is: by default nothing is to be learned first.
  learning: bounded({ ...LEDGER.learning, default: 0 }),
  slack: bounded({ unit: 'ms', min: 0, default: 0, max: 10 * MINUTE, source: 'docs/audit.md' }),
} as const
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

type Read = { readonly logs: AuditLogs; readonly options: AuditOptions } | { readonly problems: readonly Problem[] }

function readOptions(typed: Readonly<Record<string, unknown>>): Read {
  const problems: Problem[] = []
  const wrong = (option: string, message: string): void => {
    problems.push({ code: 'ASKFIRST_E_AUDIT', message, place: { path: `--${option}` } })
  }
  const time = (option: keyof typeof TIMES): number => {
    const { min, max, default: otherwise } = TIMES[option]
    const text = typed[option] ?? `${otherwise}ms`
    const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(String(text))
    const value = match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] as string] as number)
    if (!(value >= min && value <= max)) {
      wrong(
        option,
        `"${String(text)}" is not a length of time such as 30s, 5m or 24h, or not between ${min} and ${max} ms`,
      )
    }
    return value
  }
  const inside = textsOf(typed['inside']).flatMap((text): Prefix[] => {
    const prefix = parsePrefix(text)
    if (prefix === undefined) wrong('inside', `"${text}" is not an address or a range such as 192.168.0.0/16`)
    return prefix === undefined ? [] : [prefix]
  })
  const resolvers = textsOf(typed['resolver']).flatMap((text): Address[] => {
    const address = parseAddress(text)
    if (address === undefined) wrong('resolver', `"${text}" is not an address`)
    return address === undefined ? [] : [address]
  })
  const zoneName = String(typed['timeZone'] ?? 'local')
  const zone = zoneNamed(zoneName)
  if (zone === undefined) wrong('time-zone', `"${zoneName}" is not a time zone such as Europe/Berlin`)
  const times = { window: time('window'), learning: time('learning'), slack: time('slack') }
  if (problems.length > 0 || zone === undefined) return { problems }
  return {
    logs: { dns: textsOf(typed['dns']), firewall: textsOf(typed['firewall']) },
    options: { ...times, zone, resolvers, inside: inside.length > 0 ? inside : PRIVATE_RANGES },
  }
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

function fail(problems: readonly Problem[], { err }: AuditTerminal): number {
  err.write(`${problems.map(problemText).join('\n')}\n`)
  return 1
}

/** Writes, and waits where the reader is slower: a pipe must not make the memory grow. */
function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    if (stream.write(text)) resolve()
    else stream.once('drain', resolve)
  })
}

/** How often the progress line changes, ms. */
const SHOW_EVERY = 200

/** A line on the terminal that tells how far each file is; nothing where it is no terminal. */
function progressOn(err: AuditTerminal['err']): { show: (file: string, share: number) => void; clear: () => void } {
  let shown = 0
  return {
    show: (file, share) => {
      if (err.isTTY !== true || Date.now() - shown < SHOW_EVERY) return
      shown = Date.now()
      err.write(`\r\x1b[K${Math.round(share * 100)} % of ${JSON.stringify(file)}`)
    },
    clear: () => {
      if (shown > 0) err.write('\r\x1b[K')
    },
  }
}
