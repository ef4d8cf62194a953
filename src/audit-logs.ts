// Logs of the past judged in event time, by the same ledger and judge as live reports. Knows no command line.
import { basename } from 'node:path'
import { AuditSummary, countReject, type LinesRead } from './audit-summary.ts'
import { type Address, findAddress, type Prefix } from './base/address.ts'
import type { EpochMs } from './base/clock.ts'
import type { Problem } from './base/failure.ts'
import { dnsLogReader } from './intake/dns-logs/dns-log.ts'
import { type LogFile, lookAtLog, readLog } from './intake/dns-logs/log-file.ts'
import { parseLine } from './intake/formats/formats.ts'
import { zeekConnReader } from './intake/formats/zeek-conn.ts'
import type { Zone } from './intake/zone.ts'
import { Ledger } from './ledger/ledger.ts'
import type { Parsed, Report } from './ledger/report.ts'
import type { Finding, Judgement } from './ledger/verdict.ts'

/** Which logs to read: paths of files, packed with gzip or not. */
export interface AuditLogs {
  readonly dns: readonly string[]
  readonly firewall: readonly string[]
}

/** How to judge them. Times in milliseconds. */
export interface AuditOptions {
  /** Zone of stamps that name none. */
  readonly zone: Zone
  readonly inside: readonly Prefix[]
  readonly window: number
  /** From the DNS log's first answer on, nothing is called direct-ip for this long. */
  readonly learning: number
  /** An answer this much later than the connection still counts: for logs of two machines whose clocks disagree. */
  readonly slack: number
  /**
   * The resolvers that devices are meant to use: plain DNS to any other is a bypass. Empty: every server that the
   * DNS logs name, since its answers are known.
   */
  readonly resolvers: readonly Address[]
}

/** What is heard while it goes on. */
export interface AuditEvents {
  /** Every judgement, in the order of the firewall's log; may be waited for. */
  readonly judged: (judgement: Judgement) => void
  /** After each piece of a file: what is behind, 0 to 1. A promise is waited for. */
  readonly progress: (file: string, share: number) => void | Promise<void>
}

/** What it came to. */
export type Audited =
  | { readonly summary: AuditSummary; readonly findings: readonly Finding[] }
  | { readonly problems: readonly Problem[] }

/**
 * Judges every connection of the firewall's logs by the answers of the DNS logs. All answers are read first, and a
 * connection is judged by those that had been given when it began, so neither log need be in order. Memory is
 * bounded by what the DNS logs hold, at most 2,000,000 hand-outs (1 GB); the firewall's logs are streamed.
 * Problems: ASKFIRST_E_AUDIT for a file that cannot be read, or holds no line of a known format.
 */
export async function audit(logs: AuditLogs, options: AuditOptions, events: AuditEvents): Promise<Audited> {
  const summary = new AuditSummary()
  const ledger = new Ledger({
    born: 0,
    window: options.window,
    slack: options.slack,
    inside: options.inside,
    learning: 0,
    deviceLearning: 0,
    forget: false,
    limits: { inAll: 2_000_000, perDevice: 500_000, names: 64, times: 64 },
  })
  const problems: Problem[] = []
  const each = async (
    paths: readonly string[],
    read: (path: string, file: LogFile) => Promise<void>,
  ): Promise<void> => {
    for (const path of paths) {
      try {
        await read(path, await lookAtLog(path))
      } catch (fault) {
        problems.push(cannotRead(path, fault))
      }
    }
  }
  // Whose address is whose, first: the answers are then noted for the right device.
  await each(logs.firewall, async (path, file) => {
    if (!NAMES_MACS.test(file.beginning)) return
    const unseen = { ...file, beginning: '' }
    await eachReport(path, unseen, options.zone, file.written, undefined, events, (report) => ledger.meet(report))
  })
  await each(logs.dns, (path, file) => readAnswers(path, file, ledger, summary, options.zone, events))
  const resolvers = options.resolvers.length > 0 ? options.resolvers : [...summary.servers]
  ledger.configure({ learning: options.learning, resolvers })
  if (summary.dns.taken > 0) ledger.restore({ kind: 'birth', at: summary.dnsSpan.from })
  summary.dropped = ledger.stats().evidence.dropped

  let latest = Number.NEGATIVE_INFINITY
  const judgeDue = (now: EpochMs): void => {
    for (const judgement of ledger.judgeDue(now)) {
      summary.take(judgement)
      events.judged(judgement)
    }
  }
  await each(logs.firewall, async (path, file) => {
    const near = summary.dns.taken > 0 ? summary.dnsSpan.to : file.written
    await eachReport(path, file, options.zone, near, summary.firewall, events, (report) => {
      latest = Math.max(latest, report.time)
      judgeDue(latest)
      if (!ledger.submitPast(report)) {
        judgeDue(Number.POSITIVE_INFINITY)
        ledger.submitPast(report)
      }
    })
  })
  judgeDue(Number.POSITIVE_INFINITY)
  if (problems.length > 0) return { problems }
  if (summary.firewall.taken === 0) return { problems: logs.firewall.map(nothingKnown) }
  return { summary, findings: ledger.findings() }
}

/** A log whose lines name MACs is read twice, so that a device with two addresses is one from its first answer on. */
const NAMES_MACS = /\bMAC=[0-9a-f]{2}:/i

async function readAnswers(
  path: string,
  file: LogFile,
  ledger: Ledger,
  summary: AuditSummary,
  zone: Zone,
  events: AuditEvents,
): Promise<void> {
  const read = dnsLogReader(zone, file.written)
  const { dns, dnsSpan, clients, servers } = summary
  const line = (text: string): void => {
    dns.lines++
    const logged = read(text)
    if (logged.kind === 'reject') countReject(dns, logged.reason)
    else if (logged.kind === 'not-ours') dns.notOurs++
    else {
      for (const answer of logged.answers) {
        ledger.take(answer)
        dnsSpan.add(answer.time)
        if (clients.size < MOST_CLIENTS) clients.add(answer.client)
        if (answer.server !== undefined && servers.size < MOST_CLIENTS) servers.add(answer.server)
        dns.taken++
      }
    }
  }
  const sink = { line, overlong: () => countReject(dns, 'too long a line') }
  await readLog(path, file, sink, (bytes) => events.progress(path, bytes / file.size))
}

/** Clients and servers that are told apart. */
const MOST_CLIENTS = 100_000

/** Hands every report of a firewall's log on. `counts` is left out where the log is read only to learn MACs. */
async function eachReport(
  path: string,
  file: LogFile,
  zone: Zone,
  near: EpochMs,
  counts: LinesRead | undefined,
  events: AuditEvents,
  take: (report: Report) => void,
): Promise<void> {
  const source = basename(path)
  const zeek = file.beginning.startsWith('#') || file.beginning.startsWith('{') ? zeekConnReader(source) : undefined
  const line = (text: string): void => {
    const parsed: Parsed = zeek === undefined ? parseLine(text, { zone, received: near, source }) : zeek(text)
    if (counts !== undefined) count(counts, parsed, text)
    if (parsed.kind === 'report') take(parsed.report)
  }
  const overlong = (): void => {
    if (counts !== undefined) countReject(counts, 'too long a line')
  }
  await readLog(path, file, { line, overlong }, (bytes) => events.progress(path, bytes / file.size))
}

function count(counts: LinesRead, parsed: Parsed, text: string): void {
  counts.lines++
  if (parsed.kind === 'report') counts.taken++
  else if (parsed.kind === 'reject') countReject(counts, parsed.reason)
  else {
    counts.notOurs++
    if (findAddress(text.slice(0, 1024)) !== undefined) counts.unknownFormat++
  }
}

function cannotRead(path: string, fault: unknown): Problem {
  const message = fault instanceof Error ? fault.message : String(fault)
  return { code: 'ASKFIRST_E_AUDIT', message: `cannot be read: ${message}`, place: { file: path } }
}

const nothingKnown = (path: string): Problem => ({
  code: 'ASKFIRST_E_AUDIT',
  message: 'holds no connection in a format that is known',
  place: { file: path },
  hint: 'Known are netfilter lines (Shorewall, UFW, nftables …), "conntrack -E" and conn.log of Zeek; see docs/audit.md.',
})
