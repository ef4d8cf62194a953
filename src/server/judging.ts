// Judges reports when their time has come: after the hold-back, and after every answer given before it has arrived.
import type { Clock } from '../base/clock.ts'
import { safeText } from '../base/text.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Report } from '../ledger/report.ts'
import type { Judgement } from '../ledger/verdict.ts'
import type { Log } from '../log.ts'

/** How often waiting reports are looked at, ms: what a verdict may be late beyond the hold-back. */
const LOOK_EVERY_MS = 250
/** Who has not answered in this time is not waited for: a late verdict beats none. */
const READY_WITHIN_MS = 3000

/** The judge at work. */
export class Judging {
  readonly #ledger: Ledger
  readonly #sync: () => Promise<unknown>
  readonly #learn: () => Promise<unknown>
  readonly #clock: Clock
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  #busy: Promise<void> | undefined
  #strangers = false

  /**
   * `sync` resolves when every answer given before it was called is in the ledger (invariant I1); `learn` when what the
   * network knows of its devices is.
   */
  constructor(
    ledger: Ledger,
    { sync, learn }: { sync: () => Promise<unknown>; learn: () => Promise<unknown> },
    clock: Clock,
    log: Log,
  ) {
    this.#ledger = ledger
    this.#sync = sync
    this.#learn = learn
    this.#clock = clock
    this.#log = log
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  /** Takes a report; it is judged one hold-back later. */
  take(report: Report): void {
    this.#ledger.submit(report, this.#clock.now())
    // An address without a known MAC may be a new one of a device that asked from another one.
    if (this.#ledger.deviceOf(report.src).startsWith('ip:')) this.#strangers = true
  }

  /** Judges what is due and stops. What waits still is lost with the process: a hold-back's worth. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#look()
  }

  #look(): Promise<void> {
    this.#busy ??= this.#judge().finally(() => {
      this.#busy = undefined
    })
    return this.#busy
  }

  async #judge(): Promise<void> {
    if (this.#ledger.stats().docket.waiting === 0) return
    const due = this.#clock.now()
    let late: NodeJS.Timeout | undefined
    const known = this.#strangers ? this.#learn() : undefined
    this.#strangers = false
    // A resolver thread that is gone has said all that it ever will.
    const ready = Promise.all([this.#sync().catch(() => {}), known])
    await Promise.race([ready, new Promise<void>((resolve) => (late = setTimeout(resolve, READY_WITHIN_MS)))])
    clearTimeout(late)
    for (const judgement of this.#ledger.judgeDue(due)) this.#tell(judgement)
  }

  /** Every `direct-ip` and `dns-bypass` is one line of the log. */
  #tell({ report, device, verdict, reason, finding }: Judgement): void {
    if (verdict.kind !== 'direct-ip' && verdict.kind !== 'dns-bypass') return
    const name = this.#ledger.nameOf(device)
    this.#log.warn(
      {
        verdict: verdict.kind,
        class: verdict.class,
        device,
        ...(name === undefined ? {} : { name: safeText(name, 64) }),
        src: report.src,
        address: report.dst,
        port: report.dport,
        protocol: safeText(report.proto, 16),
        rule: report.rule === undefined ? undefined : safeText(report.rule, 128),
        action: report.action,
        evidence: reason,
        count: finding?.count ?? 1,
        score: finding?.score,
        finding: finding?.id,
        began: new Date(report.time).toISOString(),
      },
      `${verdict.kind} ${report.src} → ${report.dst}${report.dport === undefined ? '' : ` port ${report.dport}`}`,
    )
  }
}
