// Findings in pages that neither overlap nor skip while findings come and count on. Knows no ledger and no HTTP.
import type { DeviceId } from '../ledger/device.ts'
import type { Finding } from '../ledger/verdict.ts'
import { type Cursor, cursorText } from './cursor.ts'
import { type FindingsPage, type FindingsQuery, type FindingView, timeText } from './schemas.ts'

/**
 * One page of findings, the one first seen latest first. That key never changes, so a finding that counts on between
 * two pages is neither lost nor shown twice; a new one comes before the first page. Costs one pass and a sort.
 */
export function pageOf(
  findings: Iterable<Finding>,
  query: FindingsQuery,
  nameOf: (device: DeviceId) => string | undefined,
): FindingsPage {
  const { kind, device, since, cursor, limit } = query
  const wanted = [...findings]
    .filter((one) => (kind === undefined || one.kind === kind) && (device === undefined || one.device === device))
    .filter((one) => (since === undefined || one.last >= since) && (cursor === undefined || byFirst(cursor, one) < 0))
    .sort(byFirst)
  const page = wanted.slice(0, limit)
  const end = wanted.length > limit ? page.at(-1) : undefined
  return { findings: page.map((one) => viewOf(one, nameOf)), next: end === undefined ? null : cursorText(end) }
}

const byFirst = (a: Cursor, b: Cursor): number => b.first - a.first || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

const viewOf = (one: Finding, nameOf: (device: DeviceId) => string | undefined): FindingView => ({
  id: one.id,
  kind: one.kind,
  class: one.class,
  device: one.device,
  deviceName: nameOf(one.device) ?? null,
  src: one.src,
  dst: one.dst,
  proto: one.proto,
  dport: one.dport ?? null,
  day: one.day,
  first: timeText(one.first),
  last: timeText(one.last),
  count: one.count,
  score: one.score,
  rule: one.rule ?? null,
  reason: one.reason,
})
