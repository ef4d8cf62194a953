// A report to vary in tests.
import type { Report } from '../../../src/ledger/report.ts'

/** 2026-11-22, noon, UTC. */
export const NOON = Date.UTC(2026, 10, 22, 12)

/** One device inside connects to a web server outside at noon; every field can be said otherwise. */
export const report = (said: Partial<Report> = {}): Report => ({
  time: NOON,
  precision: 0,
  src: '192.168.1.10',
  dst: '203.0.113.7',
  proto: 'tcp',
  sport: 40_000,
  dport: 443,
  mac: undefined,
  inside: 'lan0',
  outside: 'wan0',
  rule: 'loc2net',
  action: 'accepted',
  begins: true,
  source: 'syslog/udp',
  ...said,
})
