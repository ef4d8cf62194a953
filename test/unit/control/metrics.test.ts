import { describe, expect, test } from 'vitest'
import { metricsWriter } from '../../../src/control/metrics.ts'
import type { Stats } from '../../../src/control/stats-schema.ts'
import { entry, house } from './house.ts'
import { type Family, readMetrics } from './prometheus-text.ts'

async function scrape(
  change: (stats: Stats) => Stats = (stats) => stats,
): Promise<{ stats: Stats; families: Map<string, Family> }> {
  const stats = change(await house().views.stats())
  return { stats, families: readMetrics(await metricsWriter().write(stats)) }
}

const values = (families: Map<string, Family>, name: string, label: string): Record<string, number> =>
  Object.fromEntries((families.get(name)?.samples ?? []).map((sample) => [sample.labels[label] ?? '', sample.value]))

describe('metrics', () => {
  test('are text that a strict reader takes, named by the rules of Prometheus', async () => {
    const { families } = await scrape()
    expect(families.size).toBeGreaterThan(30)
    for (const { name, type, help, samples } of families.values()) {
      expect(name).toMatch(/^askfirst_[a-z]+(_[a-z]+)*$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(help).toMatch(/^(\d|[A-Z]).*\.$/)
      expect(samples.length, name).toBeGreaterThan(0)
      for (const sample of samples) if (type === 'counter') expect(sample.value).toBeGreaterThanOrEqual(0)
    }
  })

  test('I5: each counter is the figure that stats shows, counted once', async () => {
    const { stats, families } = await scrape()
    const outcomes = values(families, 'askfirst_queries_total', 'outcome')
    expect(Object.values(outcomes).reduce((sum, value) => sum + value, 0)).toBe(stats.totals.queries)
    expect(outcomes['blocked']).toBe(stats.totals.blocked)
    expect(values(families, 'askfirst_queries_by_type_total', 'type')).toEqual(stats.types)
    expect(values(families, 'askfirst_responses_total', 'rcode')).toEqual(stats.rcodes)
    expect(values(families, 'askfirst_refused_queries_total', 'reason')).toEqual(stats.refused)
    expect(values(families, 'askfirst_failed_queries_total', 'reason')).toEqual(stats.failed)
    expect(values(families, 'askfirst_verdicts_total', 'verdict')).toEqual(stats.verdicts)
    expect(values(families, 'askfirst_list_hits_total', 'list')).toEqual({ 'starter.hosts': 30 })
    expect(values(families, 'askfirst_upstream_use_info', 'use')).toEqual({ servers: 1 })
    expect(values(families, 'askfirst_upstream_queries_total', 'upstream')).toEqual({ '9.9.9.9:53': 1 })
    expect(values(families, 'askfirst_intake_lines_total', 'result')).toEqual({
      report: 480,
      not_ours: 17,
      unknown_format: 1,
      rejected: 2,
    })
  })

  test('each thread has its queries, which are all of them, and its processor time', async () => {
    const { stats, families } = await scrape()
    const queries = values(families, 'askfirst_thread_queries_total', 'thread')
    expect(queries).toEqual({ 1: stats.totals.queries, 2: 0 })
    expect(values(families, 'askfirst_thread_cpu_seconds_total', 'thread')).toEqual({ 1: 2, 2: 0.5 })
    expect(families.get('askfirst_threads')?.samples[0]?.value).toBe(2)
  })

  test('lists and groups have their own, and two lists of one name are told apart', async () => {
    const { stats, families } = await scrape((before) => ({ ...before, lists: [...before.lists, ...before.lists] }))
    const twice = (value: number) => ({ 'starter.hosts': value, 'starter.hosts (2)': value })
    expect(values(families, 'askfirst_list_hits_total', 'list')).toEqual(twice(30))
    expect(values(families, 'askfirst_list_updates_total', 'list')).toEqual(twice(2))
    expect(values(families, 'askfirst_list_added_rules', 'list')).toEqual(twice(4))
    expect(values(families, 'askfirst_list_removed_rules', 'list')).toEqual(twice(1))
    expect(values(families, 'askfirst_list_rules', 'list')).toEqual(twice(61))
    const [group] = stats.groups
    for (const [name, value] of [
      ['queries_total', group?.queries],
      ['blocked_total', group?.blocked],
      ['members', 2],
      ['holds', 1],
      ['bonus', 0],
      ['paused', 1],
    ] as const) {
      expect(values(families, `askfirst_group_${name}`, 'group'), name).toEqual({ children: value })
    }
    expect(values(families, 'askfirst_changes_total', 'result')).toEqual({ written: 6, failed: 1 })
    expect(values(families, 'askfirst_own_rules', 'kind')).toEqual({ block: 3, allow: 1 })
  })

  test('a list that has not changed yet has no change to show', async () => {
    const { families } = await scrape((stats) => ({
      ...stats,
      lists: stats.lists.map((list) => ({ ...list, change: null })),
    }))
    expect(families.get('askfirst_list_changed_seconds')?.samples).toEqual([])
  })

  test('the histogram adds up: buckets ascend to +Inf, which is the count', async () => {
    const { stats, families } = await scrape()
    const { samples } = families.get('askfirst_query_duration_seconds') as Family
    for (const outcome of Object.keys(stats.latency.outcomes) as (keyof Stats['latency']['outcomes'])[]) {
      const own = samples.filter((sample) => sample.labels['outcome'] === outcome)
      const buckets = own.filter((sample) => sample.name.endsWith('_bucket'))
      const bounds = buckets.map((sample) => Number(sample.labels['le']?.replace('+Inf', 'Infinity')))
      expect(bounds).toEqual([...bounds].sort((a, b) => a - b))
      expect(new Set(bounds).size).toBe(stats.latency.boundsUs.length + 1)
      const counts = buckets.map((sample) => sample.value)
      expect(counts).toEqual([...counts].sort((a, b) => a - b))
      const { count, sumUs } = stats.latency.outcomes[outcome]
      expect(counts.at(-1)).toBe(count)
      expect(own.find((sample) => sample.name.endsWith('_count'))?.value).toBe(count)
      expect(own.find((sample) => sample.name.endsWith('_sum'))?.value).toBeCloseTo(sumUs / 1e6)
    }
    const blocked = samples.find(
      (sample) => sample.labels['outcome'] === 'blocked' && sample.labels['le'] === '0.00001',
    )
    expect(blocked?.value).toBe(30)
  })

  test('labels hold no name that was asked for and no client, so their number stays bounded', async () => {
    const own = house()
    for (let i = 0; i < 5000; i++) {
      const client = `192.168.${i >> 8}.${i & 255}`
      own.tally.fold(entry({ name: `made-up-${i}.example`, client, type: i, rcode: i % 4096 }), `ip:${client}`)
    }
    const text = await metricsWriter().write(await own.views.stats())
    expect(text).not.toContain('made-up')
    expect(text).not.toContain('192.168.')
    const series = [...readMetrics(text).values()].reduce((sum, family) => sum + family.samples.length, 0)
    expect(series).toBeLessThan(400)
  })

  test('a list with a hostile name stays inside its label', async () => {
    const name = 'a"} 1\nb\\c\u001b[2J.hosts'
    const { families } = await scrape((stats) => ({ ...stats, lists: stats.lists.map((list) => ({ ...list, name })) }))
    expect(values(families, 'askfirst_list_hits_total', 'list')).toEqual({ 'a"} 1\\u000ab\\c\\u001b[2J.hosts': 30 })
  })

  test('what has no value yet is left out, not shown as zero', async () => {
    const { families } = await scrape((stats) => ({
      ...stats,
      upstreams: stats.upstreams.map((upstream) => ({ ...upstream, latencyMs: null })),
      intake: stats.intake.map((source) => ({ ...source, lastReport: null })),
    }))
    expect(families.get('askfirst_upstream_latency_seconds')?.samples).toEqual([])
    expect(families.get('askfirst_intake_last_report_seconds')?.samples).toEqual([])
  })

  test('two scrapes at once, and one after the other, each show their own figures', async () => {
    const writer = metricsWriter()
    const own = house()
    const before = await own.views.stats()
    own.tally.fold(entry({ count: 1000 }), 'ip:192.168.1.20')
    const after = await own.views.stats()
    const texts = await Promise.all([writer.write(before), writer.write(after), writer.write(before)])
    const cached = texts.map((text) => values(readMetrics(text), 'askfirst_queries_total', 'outcome')['cached'])
    expect(cached).toEqual([60, 1060, 60])
  })
})
