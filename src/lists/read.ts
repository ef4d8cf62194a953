// Reads one list, given in chunks of bytes, line by line into rules and a report. Knows no file system.
import type { Place, Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { Taken } from '../policy/compile.ts'
import type { ConditionalRule } from '../policy/rule.ts'
import { lineReader } from './detect.ts'
import { JsonEntries } from './json.ts'
import {
  FORMATS,
  type FormatName,
  isBlank,
  LINE_MAX,
  PATTERN_WEIGHT_MIN,
  PATTERNS_WEIGHT_MAX,
  type RuleSink,
  type Skip,
} from './line.ts'
import { formatOf, startOf } from './list-start.ts'
import { textOf } from './name-bytes.ts'

/** Most lines of a list. */
export const LINES_MAX = 20_000_000
/** Largest list, bytes, unpacked. */
export const LIST_MAX = 512 * 1024 ** 2
/** With more rejected lines than this a file is no list at all. */
export const REJECTS_MAX = 1_000_000
/** So many rejected lines are told one by one; all are counted. */
export const REJECTS_SHOWN = 20

/** Kinds of lines that gave no rule of the policy; `rewrite`: rules with answers of their own that the list may not give. */
export type SkippedKind = Skip | 'rewrite'

/** What was in a list. */
export interface Reading {
  readonly lines: number
  readonly rejected: number
  /**
   * Lines of rules that no DNS server can apply, or that must not be applied, by kind; kinds that occur.
   */
  readonly skipped: Readonly<Partial<Record<SkippedKind, number>>>
  /** Formats that gave rules, most frequent first. */
  readonly formats: readonly FormatName[]
  /** How much of the list has the first of them: of the lines with rules and the rejected ones, a share from 0 to 1. */
  readonly confidence: number
  /** The first rejected lines, and how many more there are. */
  readonly problems: readonly Problem[]
}

/** Where a list's rules go, with the line that each stands in. False: no more can be taken. */
export interface ListSink {
  readonly wire: Uint8Array
  readonly rule: (exception: boolean, subtree: boolean, line: number) => boolean
  readonly conditional: (rule: ConditionalRule, line: number) => Taken
  /** Sees each line that may have given rules, right after them, without its line end. */
  readonly line?: (bytes: Uint8Array, from: number, to: number, line: number) => void
}

const NEWLINE = 0x0a

/** Reads a list. Feed it with `push` until that returns a problem or the list ends, then ask for `end`. */
export class ListReader {
  readonly #place: (line?: number) => Place
  readonly #sink: ListSink
  readonly #given: FormatName | 'auto'
  #reader: ReturnType<typeof lineReader>
  #json: JsonEntries | undefined
  readonly #rules: RuleSink
  readonly #problems: Problem[] = []
  readonly #skipped: Partial<Record<SkippedKind, number>> = {}
  /** Lines with rules, by format. */
  readonly #formats = Object.fromEntries(FORMATS.map((format) => [format, 0])) as Record<FormatName, number>
  /** A line that the last chunk did not finish; -1 for one that is too long and not kept. */
  readonly #carry = Buffer.alloc(LINE_MAX)
  #carried = 0
  #size = 0
  #lines = 0
  #rejected = 0
  #full = false
  /** The weight of its patterns so far. */
  #patterns = 0

  /** `place` says where a problem stands: in a line from 1, or in the list as a whole. */
  constructor(place: (line?: number) => Place, format: FormatName | 'auto', sink: ListSink) {
    this.#place = place
    this.#sink = sink
    this.#given = format
    this.#reader = lineReader(format)
    this.#rules = {
      wire: sink.wire,
      rule: (exception, subtree) => {
        if (!sink.rule(exception, subtree, this.#lines)) this.#full = true
      },
      conditional: (rule) => {
        if (sink.conditional(rule, this.#lines) === 'full') this.#full = true
      },
      affords: (weight) => {
        this.#patterns += PATTERN_WEIGHT_MIN + weight
        return this.#patterns <= PATTERNS_WEIGHT_MAX
      },
    }
  }

  /** Reads the next bytes. A problem is the end: the list as a whole cannot be used. */
  push(chunk: Uint8Array): Problem | undefined {
    const start = this.#size === 0 ? startOf(chunk) : 0
    if (typeof start !== 'number') return { ...start, place: this.#place() }
    this.#size += chunk.length
    if (this.#size > LIST_MAX) return this.#bound(`larger than ${LIST_MAX / 1024 ** 2} MiB`)
    if (this.#size === chunk.length) this.#begin(chunk, start)
    if (this.#json !== undefined) return this.#faulty(this.#json.push(chunk, start))
    let from = start
    for (let to = chunk.indexOf(NEWLINE, from); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      if (this.#carried === 0) this.#line(chunk, from, to)
      else this.#finish(chunk, from, to)
      from = to + 1
      if (this.#full) return this.#bound('more rules than one policy can hold')
      if (this.#lines > LINES_MAX) return this.#bound(`more than ${LINES_MAX} lines`)
      if (this.#rejected > REJECTS_MAX) return this.#noList()
    }
    this.#keep(chunk, from, chunk.length)
    return undefined
  }

  /** Reads a last line without a line end, and reports. */
  end(): Reading | Problem {
    const cutOff = this.#faulty(this.#json?.end())
    if (cutOff !== undefined) return cutOff
    if (this.#carried !== 0) this.#finish(this.#carry, 0, 0)
    if (this.#full) return this.#bound('more rules than one policy can hold')
    const formats = this.#formats
    const found = FORMATS.filter((format) => formats[format] > 0).sort((a, b) => formats[b] - formats[a])
    const lines = found.reduce((sum, format) => sum + formats[format], this.#rejected)
    const more = this.#rejected - this.#problems.length
    if (more > 0) this.#problems.push(this.#problem(`${more} more lines fit no format`, undefined))
    return {
      lines: this.#lines,
      rejected: this.#rejected,
      skipped: this.#skipped,
      formats: found,
      confidence: found[0] === undefined ? 0 : formats[found[0]] / lines,
      problems: this.#problems,
    }
  }

  /** What the first bytes say of the whole: formats that are more than lines. */
  #begin(head: Uint8Array, start: number): void {
    const format = this.#given === 'auto' ? formatOf(head, start) : this.#given
    if (format !== undefined && format !== this.#given) this.#reader = lineReader(format)
    if (format !== 'json') return
    this.#json = new JsonEntries((bytes, from, to, line) => {
      this.#lines = line - 1
      this.#line(bytes, from, to)
      return !this.#full && line <= LINES_MAX && this.#rejected <= REJECTS_MAX
    })
  }

  /** What is wrong with a JSON list. */
  #faulty(why: string | undefined): Problem | undefined {
    if (this.#json === undefined) return undefined
    this.#lines = this.#json.lines
    if (this.#full) return this.#bound('more rules than one policy can hold')
    if (this.#lines > LINES_MAX) return this.#bound(`more than ${LINES_MAX} lines`)
    if (this.#rejected > REJECTS_MAX) return this.#noList()
    return why === undefined
      ? undefined
      : { code: 'ASKFIRST_E_LIST_READ', message: `it cannot be read as JSON: ${why}`, place: this.#place(this.#lines) }
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (from === to || this.#carried < 0) return
    if (this.#carried + to - from > LINE_MAX) {
      this.#carried = -1
      return
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried)
    this.#carried += to - from
  }

  #finish(chunk: Uint8Array, from: number, to: number): void {
    this.#keep(chunk, from, to)
    const length = this.#carried
    this.#carried = 0
    if (length >= 0) this.#line(this.#carry, 0, length)
    else {
      this.#lines++
      this.#reject(`longer than ${LINE_MAX} bytes`)
    }
  }

  #line(bytes: Uint8Array, from: number, to: number): void {
    this.#lines++
    while (from < to && isBlank(bytes[to - 1])) to--
    while (from < to && isBlank(bytes[from])) from++
    if (from === to) return
    if (to - from > LINE_MAX) {
      this.#reject(`longer than ${LINE_MAX} bytes`)
      return
    }
    const end = this.#reader.read(bytes, from, to, this.#rules)
    if (end.kind === 'rules') this.#formats[this.#reader.format() as FormatName]++
    if (end.kind === 'skipped') this.#skip(end.what)
    else if (end.kind === 'rejected') this.#reject(end.why, bytes.subarray(from, to))
    this.#sink.line?.(bytes, from, to, this.#lines)
  }

  #skip(what: SkippedKind): void {
    this.#skipped[what] = (this.#skipped[what] ?? 0) + 1
  }

  #reject(why: string, line?: Uint8Array): void {
    this.#rejected++
    if (this.#rejected > REJECTS_SHOWN) return
    const text = line === undefined ? '' : `: ${safeText(textOf(line, 0, Math.min(line.length, 480)), 120)}`
    this.#problems.push(this.#problem(`${why}${text}`, this.#lines))
  }

  #problem(message: string, line: number | undefined): Problem {
    return { code: 'ASKFIRST_E_LIST_LINE', message, place: this.#place(line) }
  }

  #noList(): Problem {
    const message = `this is no list: more than ${REJECTS_MAX} of its ${this.#lines} lines fit no format`
    return { code: 'ASKFIRST_E_LIST_LINE', message, place: this.#place() }
  }

  #bound(message: string): Problem {
    const hint = 'Split the list, or take a smaller one.'
    return { code: 'ASKFIRST_E_LIST_BOUND', message, place: this.#place(), hint }
  }
}
