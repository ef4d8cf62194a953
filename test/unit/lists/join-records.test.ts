import { describe, expect, test } from 'vitest'
import { joinRecords } from '../../../src/lists/join-records.ts'
import { conditional, NODATA, type RecordData } from '../../../src/policy/rule.ts'
import { ruleText } from './reading.ts'

const name = (text: string) => ({ kind: 'name', name: text, covers: 'name' }) as const
const record = (text: string, data: RecordData) => conditional(name(text), { kind: 'records', records: [data] })
const A: RecordData = { kind: 'A', address: '192.0.2.1' }
const B: RecordData = { kind: 'AAAA', address: '2001:db8::1' }

describe('records of one name, a line each', () => {
  test('are one rule, in the line of the first', () => {
    const handed: string[] = []
    const { conditional: take, flush } = joinRecords((rule, line) => {
      handed.push(`${line}: ${ruleText(rule)}`)
      return 'taken'
    })
    take(record('a.example', A), 1)
    take(record('a.example', B), 2)
    take(record('b.example', A), 3)
    take(conditional(name('c.example'), NODATA), 4)
    take(record('c.example', A), 5)
    flush()
    flush()
    expect(handed).toEqual([
      '1: records(A 192.0.2.1, AAAA 2001:db8::1) a.example',
      '3: records(A 192.0.2.1) b.example',
      '4: nodata c.example',
      '5: records(A 192.0.2.1) c.example',
    ])
  })
})
