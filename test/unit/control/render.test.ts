import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Explanation } from '../../../src/control/explain-schema.ts'
import { pageOf } from '../../../src/control/page.ts'
import { renderExplanation, renderFindings } from '../../../src/control/render.ts'
import { renderLists } from '../../../src/control/render-lists.ts'
import { renderStats } from '../../../src/control/render-stats.ts'
import { findingsQuery } from '../../../src/control/schemas.ts'
import type { Stats } from '../../../src/control/stats-schema.ts'
import { type Style, widthOf } from '../../../src/control/table.ts'
import { EXPLANATION, entry, finding, house, listsOf, NOW } from './house.ts'

const PLAIN: Style = { width: 100, colour: false, zone: 'UTC' }
const HOSTILE = '\u001b]0;owned\u0007\u202e\r\n evil'

const widest = (text: string): number => Math.max(...text.split('\n').map(widthOf))

async function statsPage(change: (stats: Stats) => Stats = (stats) => stats, style = PLAIN): Promise<string> {
  return renderStats(change(await house().views.stats()), style)
}

test('what a flood of forged senders has pushed out is shown, and nothing where there was none', async () => {
  expect(await statsPage()).not.toContain('forged')
  const flooded = await statsPage((stats) => ({
    ...stats,
    evidence: { ...stats.evidence, strangersForgotten: 991_808 },
  }))
  expect(flooded).toContain('perhaps forged: 991,808')
  expect(widest(flooded)).toBeLessThanOrEqual(100)
})

describe('the page of lists', () => {
  test('shows formats, rules, rejects, what is unique, ages, the last difference, and why a list is not current', () => {
    const page = renderLists(listsOf(true), PLAIN, NOW)
    expect(page).toMatch(/starter\.hosts +block +hosts +90 +61 +40 +0 +3 +30/)
    expect(page).toMatch(/lists\.example\/ads\.txt +block +domains 70\.0 % +150,000 +100,000 +99,979 +42 +0 +0/)
    expect(page).toMatch(
      /lists\.example\/ads\.txt +9 h +9 h +in 1 h +abababababab +the server answered 500 \(tries: 1\)/,
    )
    expect(page).toMatch(/starter\.hosts +2026-11-22 10:30:00 +4 +1 +61/)
    expect(page).toMatch(/starter\.hosts +lists\.example\/ads\.txt +21 +34\.4 %/)
    expect(renderLists(listsOf(false), PLAIN, NOW)).not.toContain('unique')
    expect(renderLists({ loaded: '', lists: [] }, PLAIN, NOW)).toContain('There is no list')
  })

  test('lets nothing hostile through', () => {
    const { lists, loaded } = listsOf(true)
    const evil = lists.map((list) => ({ ...list, name: HOSTILE, formats: [HOSTILE] }))
    const page = renderLists({ loaded, lists: evil }, PLAIN, NOW)
    expect(page.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\x7f\u202e]/)
    expect(widest(page)).toBeLessThanOrEqual(100)
  })
})

describe('the page of figures', () => {
  test('shows totals, outcomes, upstreams, lists, reports, verdicts and the top lists', async () => {
    const page = await statsPage()
    expect(page).toContain('askfirst 0.1.0, running for 1 d 2 h; 61 names blocked by 1 list, 0 allowed')
    expect(page).toContain('Last 24 hours: 93 queries, 30 blocked (32.3 %)')
    expect(page).toMatch(/cached +60 +64\.5 % +25 µs/)
    expect(page).toMatch(/9\.9\.9\.9:53 +servers +up +1 +12\.5 ms/)
    expect(page).toMatch(/starter\.hosts +block +61 +30 +0/)
    expect(page).toMatch(/syslog\/udp +500 +480 +17 +1 +2 +2026-11-22 12:29:59/)
    expect(page).toMatch(/children +school-night: on, paused +2 +40 +12/)
    expect(page).toContain('Given at run time: 3 block rules, 1 allow rule, 2 names; paused: 1 group, 0 devices')
    expect(page).toContain('direct-ip 12, dns-bypass 3')
    expect(page).toMatch(/30 {2}ads\.example\.com/)
    expect(page).toMatch(/90 +30 {2}kitchen-tablet \(mac:aa:bb:cc:dd:ee:01\)/)
    expect(page).not.toContain('Blocking is paused')
  })

  test('says at the top what needs attention', async () => {
    const page = await statsPage((stats) => ({
      ...stats,
      pause: { active: true, until: '2026-11-22T13:00:00.000Z', by: 'HTTP from 127.0.0.1' },
      learning: { active: true, until: '2026-11-23T10:00:00.000Z' },
      upstreams: stats.upstreams.map((upstream) => ({ ...upstream, healthy: false })),
      intake: [],
      totals: { ...stats.totals, withoutDetails: 7 },
    }))
    expect(page.split('\n').slice(1, 7)).toEqual([
      'Blocking is paused until 2026-11-22 13:00:00 (HTTP from 127.0.0.1).',
      'Learning until 2026-11-23 10:00:00: nothing is called direct-ip yet.',
      '192.168.1.77 asks too much: 31,007 queries limited since 2026-11-22 11:30:00.',
      'The upstream 9.9.9.9:53 does not answer.',
      'No firewall has reported a connection yet: see docs/firewall.md.',
      '7 queries are counted without details: this machine was too busy.',
    ])
  })

  test('counts by outcome what is known by its outcome only', async () => {
    const own = house()
    own.tally.foldLost([0, 940, 0, 0, 0, 0, 0], NOW)
    expect(renderStats(await own.views.stats(), PLAIN)).toMatch(/cached +1,000 +96\.8 % +25 µs/)
  })

  test('fits 100 columns and lets nothing hostile through, whatever names and devices are called', async () => {
    const own = house()
    const long = `${'a'.repeat(60)}.`.repeat(4)
    own.tally.fold(entry({ name: long, count: 500 }), 'mac:aa:bb:cc:dd:ee:09')
    const stats = await own.views.stats()
    const page = renderStats(
      {
        ...stats,
        version: HOSTILE,
        lists: stats.lists.map((list) => ({ ...list, name: HOSTILE.repeat(20) })),
        intake: stats.intake.map((source) => ({ ...source, source: `/var/log/${'x'.repeat(200)}` })),
        top: {
          ...stats.top,
          devices: { error: 0, items: [{ device: 'ip:fd00::1', name: HOSTILE, queries: 1, blocked: 0 }] },
        },
      },
      PLAIN,
    )
    expect(widest(page)).toBeLessThanOrEqual(100)
    expect(page).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  })

  test('is the same text with colours as without', async () => {
    const coloured = await statsPage(undefined, { ...PLAIN, colour: true })
    expect(coloured).toContain('\u001b[')
    expect(stripVTControlCharacters(coloured)).toBe(await statsPage())
  })
})

describe('the page of findings', () => {
  const render = (findings: Parameters<typeof pageOf>[0], query = {}): string =>
    renderFindings(
      pageOf(findings, findingsQuery.parse(query), () => 'kitchen-tablet'),
      PLAIN,
    )

  test('shows for each who, where to, what, how often and why', () => {
    const page = render([finding()])
    expect(page).toMatch(/70 +direct-ip +12 +2026-11-22 12:29:00 +kitchen-tablet/)
    expect(page).toContain('to 198.51.100.7:443 tcp: nobody asked for a name that gave 198.51.100.7')
    expect(page).not.toContain('Next page')
  })

  test('names the class, and writes IPv6 with a port so that it can be told from it', () => {
    const page = render([finding({ class: 'stun', dst: '2001:db8::7', proto: 'udp', dport: 3478 })])
    expect(page).toContain('direct-ip/stun')
    expect(page).toContain('to [2001:db8::7]:3478 udp')
    expect(render([finding({ dport: undefined, dst: '2001:db8::7', proto: '47' })])).toContain('to 2001:db8::7 47')
  })

  test('says how to get the next page in a line that is never cut', () => {
    const page = render([finding({ id: 'x'.repeat(200) }), finding({ id: 'y' })], { limit: 1 })
    expect(page).toMatch(/askfirst findings --cursor [\w-]{200,}\n$/)
  })

  test('does not call anything safe where there are none', () => {
    const page = render([])
    expect(page).toContain('No findings.')
    expect(page).not.toMatch(/safe|clean/i)
  })

  test('fits 100 columns and lets nothing hostile through', () => {
    const page = render([
      finding({ reason: HOSTILE.repeat(30), dst: '2001:db8:1111:2222:3333:4444:5555:6666', class: 'after-dns-bypass' }),
    ])
    expect(widest(page)).toBeLessThanOrEqual(100)
    expect(page).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  })
})

describe('the page that explains a name', () => {
  test('shows the rule that won, what would be answered and every rule that matches', () => {
    const page = renderExplanation(EXPLANATION, PLAIN)
    expect(page.split('\n').slice(0, 3)).toEqual([
      'ads.example.com: blocked by starter.hosts',
      '  /etc/askfirst/blocklists/starter.hosts:12: 0.0.0.0 ads.example.com',
      '  the only rule that matches',
    ])
    expect(page).toMatch(/A +127\.0\.0\.1 +NOERROR +1 min +sinkhole/)
    expect(page).toMatch(/HTTPS +no record +NOERROR/)
    expect(page).toMatch(/block +starter\.hosts +12 +0\.0\.0\.0 ads\.example\.com +this name/)
    expect(page).not.toContain('In the cache')
  })

  test('a name without a rule is not blocked, and only the upstream knows its answer', () => {
    const upstream = { source: 'upstream', rcode: null, ttl: null, records: [], error: null }
    const page = renderExplanation(
      {
        ...EXPLANATION,
        device: 'mac:aa:bb:cc:dd:ee:01',
        deviceName: 'kitchen-tablet',
        decision: { kind: 'none', clause: 'no rule matches' },
        matches: [],
        wouldAnswer: { A: upstream, AAAA: upstream, HTTPS: upstream },
        cached: [{ type: 'A', rcode: 'NOERROR', ttl: 0, stale: true, records: ['192.0.2.1', '192.0.2.2'] }],
        evidence: [
          {
            device: 'mac:aa:bb:cc:dd:ee:01',
            deviceName: null,
            address: '192.0.2.1',
            first: '2026-11-22T10:00:00.000Z',
            last: '2026-11-22T11:00:00.000Z',
            until: '2026-11-23T11:00:00.000Z',
          },
        ],
      },
      PLAIN,
    )
    expect(page.split('\n')[0]).toBe('ads.example.com for kitchen-tablet (mac:aa:bb:cc:dd:ee:01): not blocked')
    expect(page).toMatch(/A +what the upstream says +– +– +upstream/)
    expect(page).toMatch(/A +NOERROR +stale +192\.0\.2\.1 192\.0\.2\.2/)
    expect(page).toMatch(/mac:aa:bb:cc:dd:ee:01 +192\.0\.2\.1 +2026-11-22 11:00:00 +2026-11-23 11:00:00/)
    expect(page).not.toContain('Rules that match')
  })

  test('says what a rule covers, and why it does not count here', () => {
    const match = { ...EXPLANATION.matches[0], kind: 'block', applies: false } as Explanation['matches'][number]
    const page = renderExplanation(
      {
        ...EXPLANATION,
        groups: [{ name: 'guests', holds: true, schedule: null, bonus: null, paused: false }],
        matches: [
          { ...match, covers: 'tree', why: 'device' },
          { ...match, covers: 'pattern', why: 'badfilter' },
          { ...match, covers: 'below', why: 'rewrites' },
          { ...match, covers: 'every', why: null },
        ],
      },
      PLAIN,
    )
    expect(page).toContain('all under it; not for this device')
    expect(page).toContain('what it fits; taken back by another rule')
    expect(page).toContain('what is under it; its list may not say')
    expect(page).toContain('every name')
    expect(page).toContain('  groups: guests\n')
  })

  test('names no line where what blocks is no rule of a list', () => {
    const decision = { ...EXPLANATION.decision, line: 0, text: '', clause: 'its group gets only what a rule allows' }
    const page = renderExplanation({ ...EXPLANATION, decision: decision as Explanation['decision'] }, PLAIN)
    expect(page.split('\n')[1]).toBe('  its group gets only what a rule allows')
  })

  test('lets no line of a list reach the terminal as it is', () => {
    const match = {
      kind: 'block' as const,
      list: HOSTILE,
      path: HOSTILE,
      line: 1,
      text: HOSTILE.repeat(50),
      subtree: true,
      covers: 'tree' as const,
    }
    const page = renderExplanation(
      { ...EXPLANATION, decision: { clause: HOSTILE, ...match }, matches: [{ ...match, applies: true, why: null }] },
      PLAIN,
    )
    expect(page).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    expect(widest(page)).toBeLessThanOrEqual(100)
  })
})
