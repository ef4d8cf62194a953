import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorText, readCursor } from '../../../src/control/cursor.ts'
import { pageOf } from '../../../src/control/page.ts'
import { findingsQuery } from '../../../src/control/schemas.ts'
import type { Finding } from '../../../src/ledger/verdict.ts'
import { finding, NOW } from './house.ts'

const nobody = (): undefined => undefined

/** All pages, as a client would fetch them; `between` happens after each page. */
function allPages(findings: () => Iterable<Finding>, limit: number, between: () => void = () => {}): string[] {
  const ids: string[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 1000; pages++) {
    const query = findingsQuery.parse({ limit, ...(cursor === undefined ? {} : { cursor }) })
    const page = pageOf(findings(), query, nobody)
    expect(page.findings.length).toBeLessThanOrEqual(limit)
    ids.push(...page.findings.map((one) => one.id))
    if (page.next === null) return ids
    cursor = page.next
    between()
  }
  throw new Error('the pages do not end')
}

describe('pages of findings', () => {
  test('taken together are all findings, each once, the one first seen latest first', () => {
    const some = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), first: fc.integer({ min: 0, max: 3 }) }), {
      selector: (one) => one.id,
      maxLength: 30,
    })
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 7 }), (keys, limit) => {
        const findings = keys.map((key) => finding(key))
        const ids = allPages(() => findings, limit)
        expect(ids.toSorted()).toEqual(keys.map((key) => key.id).toSorted())
        const first = new Map(keys.map((key) => [key.id, key.first]))
        for (let i = 1; i < ids.length; i++) {
          expect(first.get(ids[i] as string)).toBeLessThanOrEqual(first.get(ids[i - 1] as string) as number)
        }
      }),
    )
  })

  test('neither lose nor repeat a finding that counts on, and do not show one that began meanwhile', () => {
    let findings = Array.from({ length: 9 }, (_, i) => finding({ id: `f${i}`, first: NOW - i, last: NOW }))
    let round = 0
    const ids = allPages(
      () => findings,
      2,
      () => {
        round++
        findings = findings.map((one) => ({ ...one, count: one.count + 1, last: NOW + round }))
        findings.push(finding({ id: `new${round}`, first: NOW + round }))
      },
    )
    expect(ids).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8'])
  })

  test('can be narrowed to a kind, a device and a time', () => {
    const findings = [
      finding({ id: 'a' }),
      finding({ id: 'b', kind: 'dns-bypass', class: 'dot' }),
      finding({ id: 'c', device: 'ip:192.168.1.9' }),
      finding({ id: 'd', last: NOW - 9_000_000 }),
    ]
    const ids = (query: object): string[] =>
      pageOf(findings, findingsQuery.parse(query), nobody).findings.map((one) => one.id)
    expect(ids({})).toEqual(['a', 'b', 'c', 'd'])
    expect(ids({ kind: 'dns-bypass' })).toEqual(['b'])
    expect(ids({ device: '192.168.1.9' })).toEqual(['c'])
    expect(ids({ since: '2026-11-22T13:00:00+01:00' })).toEqual(['a', 'b', 'c'])
  })

  test('a finding without port, rule or name has null there', () => {
    const bare = finding({ proto: '47', dport: undefined, rule: undefined })
    expect(pageOf([bare], findingsQuery.parse({}), nobody).findings[0]).toMatchObject({
      dport: null,
      rule: null,
      deviceName: null,
    })
  })
})

describe('a cursor', () => {
  test('comes back as it went out, whatever the id', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: 'binary' }), (first, id) => {
        expect(readCursor(cursorText({ first, id }))).toEqual({ first, id })
      }),
    )
  })

  test('that did not come from here is refused and never throws', () => {
    for (const text of [
      '',
      'AAAA',
      '%%%',
      cursorText({ first: 1, id: 'x' }).slice(1),
      `${cursorText({ first: 1, id: 'x' })}=`,
    ]) {
      expect(readCursor(text), text).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const cursor = readCursor(text)
        if (cursor !== undefined) expect(cursorText(cursor)).toBe(text)
      }),
    )
  })
})
