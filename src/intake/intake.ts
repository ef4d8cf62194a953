// The one way in for firewall reports, whatever brought them: lines in, reports out, and a count of what came of each
// line. Knows no socket and no file; sources call it.
import { type Address, findAddress } from '../base/address.ts'
import { type Clock, type EpochMs, MINUTE } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { Report } from '../ledger/report.ts'
import { parseLine } from './formats/formats.ts'
import { type LineSink, MAX_LINE, splitLines } from './lines.ts'
import type { Zone } from './zone.ts'

/** A line that was rejected, escaped and cut: safe to show. */
export interface RejectedLine {
  readonly time: EpochMs
  readonly reason: string
  readonly line: string
}

/** What became of the lines of one call or one source. They add up: each line is in exactly one. */
export interface LineCounts {
  readonly reports: number
  /** Lines of other programs. */
  readonly notOurs: number
  /** Lines that no format knows but that hold an IP address: probably a firewall in a format that is not known yet. */
  readonly unknownFormat: number
  /** Packet lines that are cut, contradict themselves or are too long. */
  readonly rejected: number
}

/** How one source is doing. */
export interface SourceHealth extends LineCounts {
  readonly source: string
  readonly lines: number
  /** Bytes of those lines, without line ends. */
  readonly bytes: number
  /** The latest rejected lines, newest last, at most 5. */
  readonly rejects: readonly RejectedLine[]
  /** Datagrams and connections refused, because of who sent them or because there were too many. */
  readonly refusedSenders: number
  /** Who was refused last. */
  readonly lastRefused: Address | undefined
  readonly lastLineAt: EpochMs | undefined
  readonly lastReportAt: EpochMs | undefined
  /** Stamp less arrival, smoothed, ms: positive where the firewall's clock is ahead. */
  readonly clockSkew: number | undefined
  /** Reports whose stamp lay too far from arrival to be believed; arrival was taken instead. */
  readonly clockDisagrees: number
  /** What keeps the source from working now, if anything. */
  readonly problem: Problem | undefined
}

export interface IntakeOptions {
  readonly clock: Clock
  /** Zone of stamps that name none. */
  readonly zone: Zone
  readonly onReport: (report: Report) => void
  /**
   * Lines arrive as they are written, so a stamp far from arrival is a wrong clock. False for logs of the past: there
   * the stamp always counts.
   */
  readonly live: boolean
}

/** Takes lines from every source. Memory is bounded by the number of sources, which the configuration decides. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #sources = new Map<string, Tally>()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Makes a source known before its first line, so that its silence can be seen. */
  open(source: string): void {
    this.#tally(source)
  }

  /** Takes one line, or bytes that hold whole lines. `received` is when they arrived; now, where it is left out. */
  take(input: string | Uint8Array, source: string, received: EpochMs = this.#options.clock.now()): void {
    if (typeof input === 'string') this.#line(input, Buffer.byteLength(input), this.#tally(source), received)
    else splitLines(input, this.sink(source, received))
  }

  /** Takes a whole text, such as the body of a post, and tells what became of its lines. */
  takeText(body: string | Uint8Array, source: string): LineCounts {
    const tally = this.#tally(source)
    const { reports, notOurs, unknownFormat, rejected } = tally
    this.take(typeof body === 'string' ? Buffer.from(body) : body, source)
    return {
      reports: tally.reports - reports,
      notOurs: tally.notOurs - notOurs,
      unknownFormat: tally.unknownFormat - unknownFormat,
      rejected: tally.rejected - rejected,
    }
  }

  /** Where a source that cuts its own stream into lines puts them. */
  sink(source: string, received?: EpochMs): LineSink {
    const tally = this.#tally(source)
    return {
      line: (text, bytes) => this.#line(text, bytes, tally, received ?? this.#options.clock.now()),
      overlong: (beginning) => {
        const now = received ?? this.#options.clock.now()
        tally.lines++
        tally.lastLineAt = now
        this.#reject(tally, beginning, TOO_LONG, now)
      },
    }
  }

  /** Counts a sender that was turned away. */
  refuse(source: string, sender: Address | undefined): void {
    const tally = this.#tally(source)
    tally.refusedSenders++
    tally.lastRefused = sender
  }

  /** Notes what keeps a source from working, or that nothing does any more. */
  note(source: string, problem: Problem | undefined): void {
    this.#tally(source).problem = problem
  }

  /** How every source is doing, in the order in which they came up. */
  get health(): readonly SourceHealth[] {
    return Array.from(this.#sources.values(), (tally) => ({ ...tally, rejects: [...tally.rejects] }))
  }

  #tally(source: string): Tally {
    let tally = this.#sources.get(source)
    if (tally === undefined) this.#sources.set(source, (tally = emptyTally(source)))
    return tally
  }

  #line(line: string, bytes: number, tally: Tally, received: EpochMs): void {
    tally.lines++
    tally.bytes += bytes
    tally.lastLineAt = received
    if (line.length > MAX_LINE) {
      this.#reject(tally, line, TOO_LONG, received)
      return
    }
    const parsed = parseLine(line, { zone: this.#options.zone, received, source: tally.source })
    if (parsed.kind === 'report') this.#report(parsed.report, parsed.stamped === true, tally, received)
    else if (parsed.kind === 'reject') this.#reject(tally, line, parsed.reason, received)
    else if (findAddress(line.slice(0, MAX_SEARCHED)) === undefined) tally.notOurs++
    else tally.unknownFormat++
  }

  #report(report: Report, stamped: boolean, tally: Tally, received: EpochMs): void {
    tally.reports++
    tally.lastReportAt = received
    if (stamped && this.#options.live) {
      const ahead = report.time + report.precision / 2 - received
      tally.clockSkew = tally.clockSkew === undefined ? ahead : tally.clockSkew + (ahead - tally.clockSkew) * SMOOTHING
      if (Math.abs(ahead) > MAX_CLOCK_DIFFERENCE) {
        tally.clockDisagrees++
        report = { ...report, time: received, precision: 0 }
      }
    }
    this.#options.onReport(report)
  }

  #reject(tally: Tally, line: string, reason: string, time: EpochMs): void {
    tally.rejected++
    tally.rejects.push({ time, reason, line: safeText(line, MAX_SAMPLE) })
    if (tally.rejects.length > MAX_SAMPLES) tally.rejects.shift()
  }
}

type Tally = { -readonly [Key in keyof Omit<SourceHealth, 'rejects'>]: SourceHealth[Key] } & { rejects: RejectedLine[] }

const emptyTally = (source: string): Tally => ({
  source,
  lines: 0,
  bytes: 0,
  reports: 0,
  notOurs: 0,
  unknownFormat: 0,
  rejected: 0,
  rejects: [],
  refusedSenders: 0,
  lastRefused: undefined,
  lastLineAt: undefined,
  lastReportAt: undefined,
  clockSkew: undefined,
  clockDisagrees: 0,
  problem: undefined,
})

/** How far a stamp may lie from arrival, ms: log daemons hold lines back for seconds, wrong zones are whole quarters of an hour. */
const MAX_CLOCK_DIFFERENCE = 10 * MINUTE
const TOO_LONG = `longer than ${MAX_LINE} bytes`
/** Rejected lines kept for each source, and how many characters of each. */
const MAX_SAMPLES = 5
const MAX_SAMPLE = 300
/** Characters in which an address is looked for: measured at 0.12 µs each where there is none. */
const MAX_SEARCHED = 1024
/** Weight of the newest stamp in the clock skew: it settles within some thirty reports. */
const SMOOTHING = 1 / 16
