import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonEntries } from '../../../src/lists/json.ts'
import { readerInto, readText } from './reading.ts'

const MISP = `{
  "description": "names: [a.example]",
  "list": [
    "ads.example",
    ".tracker.example",
    "192.0.2.1", "198.51.100.0/24",
    "b\\u00fccher.example"
  ],
  "matching_attributes": ["domain", "hostname"],
  "name": "x", "version": 2
}`

const refused = (text: string): string | undefined => {
  const reader = readerInto([])
  const end = reader.push(Buffer.from(text)) ?? reader.end()
  return 'code' in end ? end.message : undefined
}

describe('a list in JSON', () => {
  test('has its entries in an array', () => {
    expect(readText('["ads.example","b.example"]').rules).toEqual(['block ads.example', 'block b.example'])
    expect(readText('[\n  "ads.example",\n"b.example"\n]\n')).toMatchObject({ formats: ['json'], lines: 5 })
  })

  test('or in the array of an object, and nothing else of that object counts', () => {
    expect(readText(MISP)).toMatchObject({
      rules: [
        'block ads.example',
        'block *.tracker.example',
        'block 192.0.2.1/32',
        'block 198.51.100.0/24',
        'block xn--bcher-kva.example',
      ],
      rejected: 0,
    })
  })

  test('or one object deeper, as APIs wrap their data', () => {
    expect(readText('{"status": "ok", "data": {"domains": ["ads.example"], "note": ["x.example"]}}').rules).toEqual([
      'block ads.example',
    ])
  })

  test.each(['{"error": "not found"}', '{"message": ["x.example"]}', '{"data": {"a": {"list": ["x.example"]}}}'])(
    'is no list where nothing is in a place where lists have it: %s',
    (text) => {
      expect(refused(text)).toContain('there is no array of names in it')
    },
  )

  test('may be empty', () => {
    expect(refused('[]')).toBeUndefined()
    expect(refused('{"list": []}')).toBeUndefined()
  })

  test('or in objects of an array', () => {
    const text = '[{"domain": "ads.example", "count": 3, "tags": ["x.example"]}, {"host": "b.example"}]'
    expect(readText(text).rules).toEqual(['block ads.example', 'block b.example'])
  })

  test('tells an entry that is none with its line', () => {
    const { rejected, problems } = readText('[\n"ads.example",\n"no name"\n]')
    expect(rejected).toBe(1)
    expect(problems[0]?.place).toEqual({ file: 'list.txt', line: 3 })
  })

  test('gives the same however its bytes are cut into chunks', () => {
    const bytes = Buffer.from(MISP)
    const whole: string[] = []
    const entriesOf = (size: number): string[] => {
      const found: string[] = []
      const entries = new JsonEntries((text, from, to, line) => {
        found.push(`${line} ${Buffer.from(text).toString('utf8', from, to)}`)
        return true
      })
      for (let at = 0; at < bytes.length; at += size)
        expect(entries.push(bytes.subarray(at, at + size), 0)).toBeUndefined()
      expect(entries.end()).toBeUndefined()
      return found
    }
    whole.push(...entriesOf(bytes.length))
    expect(whole).toHaveLength(5)
    for (let size = 1; size < 40; size++) expect(entriesOf(size)).toEqual(whole)
  })

  test('finds every string that a JSON parser finds', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 })
    fc.assert(
      fc.property(fc.array(text), (strings) => {
        const found: string[] = []
        const entries = new JsonEntries((bytes, from, to) => {
          found.push(Buffer.from(bytes).toString('utf8', from, to))
          return true
        })
        expect(entries.push(Buffer.from(JSON.stringify(strings)), 0)).toBeUndefined()
        expect(found).toEqual(
          strings.map((one) =>
            Buffer.from(one)
              .toString()
              .replaceAll(/[\r\n]/g, ' '),
          ),
        )
      }),
    )
  })

  test.each([
    ['["ads.example"', /ends in the middle/],
    ['["ads.example"}', /closes another/],
    ['["ads.example" | 1]', /does not have there/],
    ['["ads\n.example"]', /does not end in its line/],
    ['["a"] ["b"]', /more than one value/],
    [`${'['.repeat(20)}`, /within each other/],
    [`["${'a'.repeat(40_000)}"]`, /longer than/],
    ['["\\u12"]', /an escape/],
  ])('that is broken is refused as a whole: %s', (text, why) => {
    expect(refused(text)).toMatch(why)
  })

  test('is not what an adblock list is that starts with a bracket', () => {
    expect(readText('[Adblock Plus 2.0]\n||ads.example^').rules).toEqual(['block *.ads.example'])
  })
})
