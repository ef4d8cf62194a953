// Zeek's conn.log as reports, tab-separated or JSON. Knows no other format.
import { parseAddress } from '../../base/address.ts'
import type { Parsed } from '../../ledger/report.ts'
import { jsonLine } from '../dns-logs/json-line.ts'
import { loggedTime } from '../dns-logs/logged.ts'
import { zeekTable } from '../dns-logs/zeek-table.ts'
import { protocolOf } from './protocol.ts'

/**
 * Makes a reader for one log. Rows are written when a connection ends and stamped with when it began, so they come
 * out of order. Zeek sees the wire, not the firewall's decision: the action is unknown.
 */
export function zeekConnReader(source: string): (line: string) => Parsed {
  const table = zeekTable()
  return (line) => {
    if (line.startsWith('{')) {
      const entry = jsonLine(line)
      if (entry === undefined) return { kind: 'reject', reason: 'not a JSON object' }
      const isConnection = 'id.orig_h' in entry && 'proto' in entry && !('query' in entry) && !('qtype' in entry)
      return isConnection ? toReport((key) => entry[key], source) : NOT_OURS
    }
    const read = table.read(line)
    if (read.kind === 'header') return NOT_OURS
    if (read.kind === 'bad') return { kind: 'reject', reason: read.reason }
    if (read.path !== undefined && !read.path.startsWith('conn')) return NOT_OURS
    return toReport((key) => read.row.get(key), source)
  }
}

const NOT_OURS: Parsed = Object.freeze({ kind: 'not-ours' })

function toReport(value: (key: string) => unknown, source: string): Parsed {
  const time = loggedTime(value('ts'))
  const src = addressOf(value('id.orig_h'))
  const dst = addressOf(value('id.resp_h'))
  const proto = typeof value('proto') === 'string' ? protocolOf(value('proto') as string) : undefined
  if (time === undefined) return { kind: 'reject', reason: 'no time' }
  if (src === undefined || dst === undefined) return { kind: 'reject', reason: 'no addresses' }
  if (proto === undefined) return { kind: 'reject', reason: 'no protocol' }
  // The ports of an ICMP row are its type and code.
  const hasPorts = proto === 'tcp' || proto === 'udp'
  const report = {
    time,
    precision: 0,
    src,
    dst,
    proto: src.includes(':') && proto === 'icmp' ? 'icmpv6' : proto,
    sport: hasPorts ? portOf(value('id.orig_p')) : undefined,
    dport: hasPorts ? portOf(value('id.resp_p')) : undefined,
    mac: undefined,
    inside: undefined,
    outside: undefined,
    rule: undefined,
    action: 'unknown' as const,
    begins: proto !== 'tcp' || begins(value('history')),
    source,
  }
  return { kind: 'report', report }
}

/** Whether Zeek saw a SYN or SYN-ACK, by either side's count; a row without a history gets the benefit of the doubt. */
const begins = (history: unknown): boolean =>
  typeof history !== 'string' || history === '' || /[sh]/i.test(history.slice(0, 64))

const addressOf = (value: unknown): string | undefined => (typeof value === 'string' ? parseAddress(value) : undefined)

function portOf(value: unknown): number | undefined {
  const port = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined
}
