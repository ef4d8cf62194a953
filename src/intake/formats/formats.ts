// The formats that are known, in the order in which they are tried, and the one way from a line to a report.
// Knows no source and counts nothing.
import type { EpochMs } from '../../base/clock.ts'
import type { Parsed, Report } from '../../ledger/report.ts'
import { BRACE, LESS, SPACE } from '../characters.ts'
import { type Envelope, readEnvelope } from '../envelope.ts'
import type { Zone } from '../zone.ts'
import { conntrackReport, parseConntrack } from './conntrack.ts'
import type { Moment, Reject } from './moment.ts'
import { parseNetfilter } from './netfilter.ts'
import { netfilterReport } from './netfilter-report.ts'

export type FormatName = 'netfilter' | 'conntrack'

/** What a line is read with. */
export interface LineContext {
  /** Zone of stamps that name none. */
  readonly zone: Zone
  /** Arrival. Stamps without a year are taken to be near it, and lines without a stamp get it as their time. */
  readonly received: EpochMs
  /** As `Report.source`. */
  readonly source: string
}

/** How a line ends, with the format that knew it. */
export type ParsedLine = Parsed & {
  readonly format?: FormatName
  /** Whether `report.time` comes from the line itself; else it is `received`. */
  readonly stamped?: boolean
}

/**
 * Reads one line of at most `MAX_LINE` bytes. Never throws. `not-ours` where no format knows it, `reject` where one
 * does but the line is cut or contradicts itself.
 */
export function parseLine(line: string, context: LineContext): ParsedLine {
  const envelope = readEnvelope(line, context.zone, context.received)
  if (isDocument(envelope.rest)) return NOT_OURS
  const stamped = envelope.time !== undefined
  const moment = { time: envelope.time ?? context.received, precision: envelope.precision, source: context.source }
  for (const format of FORMATS) {
    const outcome = format.read(envelope, moment)
    if (outcome === 'not-ours') continue
    if ('reject' in outcome) return { kind: 'reject', reason: outcome.reject, format: format.name }
    return { kind: 'report', report: outcome, format: format.name, stamped }
  }
  return NOT_OURS
}

interface Format {
  readonly name: FormatName
  readonly read: (envelope: Envelope, moment: Moment) => Report | Reject | 'not-ours'
}

/**
 * Tried from the top; the first that knows a line has it.
 * netfilter first: it is the most frequent, and its log prefix is free text that may look like any other format.
 * conntrack second: its lines hold no `IN=… OUT=…`, so netfilter never takes them.
 */
const FORMATS: readonly Format[] = [
  {
    name: 'netfilter',
    read: (envelope, moment) => {
      if (!writesPackets(envelope)) return 'not-ours'
      const fields = parseNetfilter(envelope.rest)
      return fields === 'not-ours' || 'reject' in fields ? fields : netfilterReport(fields, moment)
    },
  },
  {
    name: 'conntrack',
    read: ({ rest }, moment) => {
      const fields = parseConntrack(rest)
      return fields === 'not-ours' || 'reject' in fields ? fields : conntrackReport(fields, moment)
    },
  },
]

/**
 * Only the kernel and ulogd write packet lines. A program that logs under its own name and process number may be
 * quoting one that a stranger sent it, as sshd does with user names.
 */
const writesPackets = ({ tag, pid }: Envelope): boolean => pid === undefined || tag === 'kernel' || tag === 'ulogd'

/** JSON or XML: what stands inside may quote anything. */
function isDocument(rest: string): boolean {
  const first = rest.charCodeAt(0)
  // Nearly every line begins with a letter or a bracket, which costs less to see than to run the pattern.
  if (first > SPACE && first < 0x7f && first !== BRACE && first !== LESS) return false
  return /^\s*(?:\{\s*["}]|<[?!/a-z])/i.test(rest)
}

const NOT_OURS: ParsedLine = Object.freeze({ kind: 'not-ours' })
