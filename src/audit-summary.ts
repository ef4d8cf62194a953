// What an audit found, counted and said in plain text. Knows judgements; reads no log.
import type { Address } from './base/address.ts'
import type { EpochMs } from './base/clock.ts'
import { safeText } from './base/text.ts'
import type { DirectClass, Finding, Judgement, VerdictKind } from './ledger/verdict.ts'

/** What became of the lines of one kind of log. */
export interface LinesRead {
  lines: number
  /** Answers or reports. */
  taken: number
  /** Lines of other programs. */
  notOurs: number
  /** Of those, lines that hold an address: perhaps a format that is not known. */
  unknownFormat: number
  /** Lines of a known format that cannot be used, by reason. */
  readonly rejected: Map<string, number>
}

export const noLines = (): LinesRead => ({ lines: 0, taken: 0, notOurs: 0, unknownFormat: 0, rejected: new Map() })

/** Counts a rejected line; at most 32 reasons are told apart. */
export function countReject({ rejected }: LinesRead, reason: string): void {
  const known = rejected.has(reason) || rejected.size < 32 ? reason : 'other reasons'
  rejected.set(known, (rejected.get(known) ?? 0) + 1)
}

/** A stretch of time that only grows. */
export class Span {
  from: EpochMs = Number.POSITIVE_INFINITY
  to: EpochMs = Number.NEGATIVE_INFINITY

  add(time: EpochMs): void {
    if (time < this.from) this.from = time
    if (time > this.to) this.to = time
  }
}

/** Everything that the summary tells. */
export class AuditSummary {
  readonly dns = noLines()
  readonly firewall = noLines()
  readonly dnsSpan = new Span()
  readonly firewallSpan = new Span()
  readonly clients = new Set<Address>()
  /** Resolvers that the DNS logs name. */
  readonly servers = new Set<Address>()
  readonly verdicts = new Map<VerdictKind, number>()
  readonly classes = new Map<DirectClass, number>()
  /** Judged connections that began before the first answer of the DNS log. */
  before = 0
  /** Hand-outs that had to be forgotten because a bound was reached. */
  dropped = 0

  take({ report, verdict }: Judgement): void {
    this.firewallSpan.add(report.time)
    this.verdicts.set(verdict.kind, (this.verdicts.get(verdict.kind) ?? 0) + 1)
    if (verdict.kind === 'exempt') return
    if (verdict.kind === 'direct-ip') this.classes.set(verdict.class, (this.classes.get(verdict.class) ?? 0) + 1)
    if (report.time + report.precision < this.dnsSpan.from) this.before++
  }

  /** The summary for people, lines of at most 100 characters, escaped. */
  text(findings: readonly Finding[]): string {
    return [
      ...this.#coverage(),
      '',
      ...this.#verdictText(),
      ...this.#classText(),
      ...this.#rejects(),
      ...findingsText(findings),
    ]
      .map((line) => `${line}\n`)
      .join('')
  }

  #coverage(): string[] {
    const { dns, firewall, dnsSpan, firewallSpan, clients } = this
    const lines = [
      `DNS log       ${spanText(dnsSpan)}, ${plural(dns.taken, 'answer')} to ${plural(clients.size, 'client')}`,
      `Firewall log  ${spanText(firewallSpan)}, ${plural(firewall.taken, 'report')}`,
    ]
    if (dns.taken === 0)
      lines.push('No answer was found in the DNS log, so every connection looks as if nobody had asked.')
    if (this.before > 0) {
      lines.push(
        `${plural(this.before, 'connection')} began before the DNS log does: who asked before that, nobody knows.`,
      )
    }
    if (this.dropped > 0) {
      lines.push(`${plural(this.dropped, 'address', 'es')} of the DNS log did not fit in memory: audit a shorter time.`)
    }
    return lines
  }

  #verdictText(): string[] {
    return VERDICTS.filter(([kind]) => ALWAYS.has(kind) || this.verdicts.has(kind)).map(
      ([kind, what]) => `  ${number(this.verdicts.get(kind) ?? 0)}  ${kind.padEnd(11)} ${what}`,
    )
  }

  #classText(): string[] {
    const named = [...this.classes].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`)
    return named.length === 0 ? [] : [`             of these: ${named.join(', ')}`]
  }

  #rejects(): string[] {
    return [
      ['DNS log', this.dns],
      ['firewall log', this.firewall],
    ].flatMap(([name, read]) => {
      const { rejected, unknownFormat } = read as LinesRead
      const lines = [...rejected].map(([reason, count]) => `  ${number(count)}  ${safeText(reason, 70)}`)
      if (unknownFormat > 0)
        lines.push(`  ${number(unknownFormat)}  hold an address but are in no format that is known`)
      return lines.length === 0 ? [] : ['', `Lines of the ${name as string} that could not be used:`, ...lines]
    })
  }
}

const VERDICTS: readonly (readonly [VerdictKind, string])[] = [
  ['asked', 'the device asked for a name of the address first'],
  ['stale', 'it asked, but too long ago'],
  ['borrowed', 'another device asked, this one did not'],
  ['exempt', 'not judged: inside, multicast, not the start of a connection and so on'],
  ['unproven', 'nobody asked as far as is known, but too little is known'],
  ['dns-bypass', 'DNS to another server'],
  ['direct-ip', 'nobody asked'],
]

/** Said even where there is none of it. */
const ALWAYS: ReadonlySet<VerdictKind> = new Set(['asked', 'dns-bypass', 'direct-ip'])

/** Findings shown; the rest is counted. `--json` has every connection. */
const SHOWN = 25

function findingsText(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return []
  const worst = [...findings].sort((a, b) => b.score - a.score || b.count - a.count)
  const lines = ['', 'What deserves a look first (score 0 to 100):']
  let device = ''
  const shown = worst.slice(0, SHOWN)
  for (const finding of shown.sort((a, b) => rank(shown, a) - rank(shown, b))) {
    if (finding.device !== device) lines.push('', `  ${finding.device}`)
    device = finding.device
    const target = `${finding.dst} ${finding.proto}${finding.dport === undefined ? '' : `/${finding.dport}`}`
    lines.push(
      `  ${number(finding.score)}  ${finding.kind} ${finding.class}`.padEnd(38) +
        `${safeText(target, 50)}  ${finding.count}×  ${finding.day}`,
    )
  }
  if (worst.length > SHOWN) lines.push('', `  and ${plural(worst.length - SHOWN, 'more finding')} with lower scores`)
  return lines
}

/** Where a finding's device first comes up: keeps the findings of a device together, the worst device first. */
const rank = (shown: readonly Finding[], finding: Finding): number =>
  shown.findIndex(({ device }) => device === finding.device)

const number = (value: number): string => String(value).padStart(7)

const plural = (count: number, what: string, ending = 's'): string => `${count} ${what}${count === 1 ? '' : ending}`

function spanText({ from, to }: Span): string {
  return from > to ? 'empty' : `${timeText(from)} to ${timeText(to)} UTC`
}

const timeText = (time: EpochMs): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ')
