import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { problemText } from '../../../src/base/failure.ts'
import { parseName } from '../../../src/base/name.ts'
import { LINE_MAX } from '../../../src/lists/line.ts'
import { ListReader, REJECTS_SHOWN } from '../../../src/lists/read.ts'
import { readerInto, readText, rulesOf } from './reading.ts'

const MIXED = `# a list of everything
0.0.0.0 localhost
0.0.0.0 a.example b.example # two

c.example
*.d.example
||e.example^
@@||f.example^
g.example##.ad
not a rule at all
||h.example^$third-party
`

describe('a mixed list', () => {
  test('is read line by line, each line by the format that fits', () => {
    const reading = readText(MIXED)
    expect(reading.rules).toEqual([
      'block a.example',
      'block b.example',
      'block c.example',
      'block *.d.example',
      'block *.e.example',
      'allow *.f.example',
    ])
    expect(reading).toMatchObject({ lines: 11, rejected: 1, skipped: { own: 1, cosmetic: 1, modifier: 1 } })
    expect(reading.formats).toEqual(['adblock', 'hosts', 'domains', 'wildcard'])
    expect(reading.problems.map(problemText)).toEqual([
      'list.txt:10: several words, which only hosts lines have, and the first is no address: not a rule at all [ASKFIRST_E_LIST_LINE]',
    ])
  })

  test('gives the same however its bytes are cut into chunks', () => {
    const bytes = Buffer.from(`\ufeff${MIXED.replaceAll('\n', '\r\n')}last.example`)
    const whole = readText(bytes)
    expect(whole.rules).toContain('block last.example')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const rules: string[] = []
        const reader = readerInto(rules)
        // The first chunk holds the start of the file, as a read from a file does.
        let at = 0
        for (let i = 0; at < bytes.length; i++) {
          const size = i === 0 ? 8 : (sizes[i % sizes.length] as number)
          expect(reader.push(bytes.subarray(at, (at += size)))).toBeUndefined()
        }
        expect({ ...reader.end(), rules }).toEqual(whole)
      }),
    )
  })

  test('has its rules in any order of lines', () => {
    const lines = [
      ...MIXED.split('\n').filter((line) => /^(0\.0|c\.|\*|\|\|e|@@)/.test(line)),
      ...['address=/g.example/#', 'local-zone: "h.example" static', 'local-data: "i.example A 0.0.0.0"', '/^j/'],
      ...['k.example CNAME .', 'l.example IN A 192.0.2.7', '198.51.100.0/24', '||m.example^$dnstype=AAAA', '^n[0-9]'],
    ]
    const { rules, rejected } = readText(lines.join('\n'))
    expect([rules.length, rejected]).toEqual([lines.length, 0])
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        expect([...readText(shuffled.join('\n')).rules].sort()).toEqual([...rules].sort())
      }),
    )
  })
})

test('a bracket in a line that is no rule takes nothing of the lines that follow', () => {
  const { rules, rejected } = readText('hello (world\nads.example\nb.example CNAME (\nc.example\n')
  expect([rules, rejected]).toEqual([['block ads.example', 'block c.example'], 2])
})

describe('a list with a given format', () => {
  test('has no rules of other formats', () => {
    expect(readText(MIXED, 'hosts').rules).toEqual(['block a.example', 'block b.example'])
    expect(readText(MIXED, 'domains').rules).toEqual(['block c.example'])
    expect(readText(MIXED, 'wildcard').rules).toEqual(['block c.example', 'block *.d.example'])
    expect(readText(MIXED, 'adblock').rules).toEqual(['block c.example', 'block *.e.example', 'allow *.f.example'])
  })
})

describe('line numbers', () => {
  test('count every line from 1, blank and rejected ones too', () => {
    const rules: string[] = []
    const reader = readerInto(rules, 'auto', true)
    reader.push(Buffer.from('\n\n# x\na.example\r\n\r\nno rule here\nb.example'))
    const reading = reader.end()
    expect(rules).toEqual(['4: block a.example', '7: block b.example'])
    expect(reading).toMatchObject({ lines: 7, problems: [{ place: { line: 6 } }] })
  })
})

describe('rejected lines', () => {
  test(`are told one by one up to ${REJECTS_SHOWN}, and all counted`, () => {
    const { rejected, problems } = readText('no rule\n'.repeat(1000))
    expect(rejected).toBe(1000)
    expect(problems).toHaveLength(REJECTS_SHOWN + 1)
    expect(problems.at(-1)).toMatchObject({ message: '980 more lines fit no format', place: { file: 'list.txt' } })
  })

  test('include those that are too long, wherever their bytes are cut, and the next line is read', () => {
    const long = `0.0.0.0 ${'a.example '.repeat(10_000)}`
    for (const chunk of [7, 4096, 1 << 20]) {
      const rules: string[] = []
      const reader = readerInto(rules)
      const bytes = Buffer.from(`a.example\n${long}\nb.example\n${long}`)
      for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk))
      expect(reader.end()).toMatchObject({
        lines: 4,
        rejected: 2,
        problems: [{ place: { line: 2 } }, { place: { line: 4 } }],
      })
      expect(rules).toEqual(['block a.example', 'block b.example'])
    }
  })

  test('do not include a line of the longest length', () => {
    const line = `a.example #${'x'.repeat(LINE_MAX - 11)}`
    expect(Buffer.byteLength(line)).toBe(LINE_MAX)
    expect(readText(`${line}\n${line}`).rules).toEqual(['block a.example', 'block a.example'])
  })

  test('include bytes that make no text, and nothing breaks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const rules: string[] = []
        const reader = readerInto(rules)
        reader.push(Buffer.from('# list\n'))
        reader.push(Buffer.from(bytes))
        const reading = reader.end()
        if ('code' in reading) expect.fail(reading.message)
        for (const rule of rules)
          expect(rule).toMatch(/^(block|allow) ((\*\.)?[a-z0-9._-]+|\/.*\/|[0-9a-f.:]+\/\d+)( if .*)?$/s)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('any name', () => {
  const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/)
  const name = fc.array(label, { minLength: 2, maxLength: 8 }).map((labels) => labels.join('.'))

  test('is read in every format as the resolver reads it', () => {
    fc.assert(
      fc.property(name, (text) => {
        const canonical = parseName(text) as string
        fc.pre(!/(^|\.)\d+$/.test(canonical))
        expect(rulesOf(text, 'domains')).toEqual([`block ${canonical}`])
        expect(rulesOf(`${text}.`, 'domains')).toEqual([`block ${canonical}`])
        expect(rulesOf(`0.0.0.0 ${text}`)).toEqual([`block ${canonical}`])
        expect(rulesOf(`*.${text}`)).toEqual([`block *.${canonical}`])
        expect(rulesOf(`||${text}^`)).toEqual([`block *.${canonical}`])
        expect(rulesOf(`@@||${text}^`)).toEqual([`allow *.${canonical}`])
      }),
    )
  })

  test('in any script is read as the resolver reads it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), (text) => {
        fc.pre(/[^\x00-\x7f]/.test(text) && !/[\x00-\x7f]/.test(text.replace(/[a-z0-9-]/gi, '')))
        const canonical = parseName(`${text}.example`)
        fc.pre(canonical !== undefined && /^[a-z0-9._-]+$/.test(canonical))
        expect(rulesOf(`||${text}.example^`)).toEqual([`block *.${canonical}`])
        expect(rulesOf(`0.0.0.0 ${text}.example`)).toEqual([`block ${canonical}`])
      }),
    )
  })

  test('in another script with a sign among its letters is none', () => {
    for (const sign of ['?', '/', ':', '@', '*', ',', '&', '<', '[', '\\']) {
      expect(rulesOf(`bü${sign}cher.example`), sign).toEqual([])
      expect(rulesOf(`||bü${sign}cher.example^`), sign).toEqual([])
      expect(rulesOf(`0.0.0.0 bü${sign}cher.example`), sign).toEqual([])
    }
  })
})

describe('a list that is no list', () => {
  const refused = (bytes: Uint8Array): string | undefined => readerInto([]).push(bytes)?.message

  test.each(['<!DOCTYPE html><html>', '\n\n  <html lang="en">', '\ufeff<?xml version="1.0"?>', '<head>'])(
    'is refused as a whole where it is a page: %j',
    (start) => {
      expect(refused(Buffer.from(`${start}\n0.0.0.0 ads.example\n`))).toBe('this is an HTML or XML page, not a list')
    },
  )

  test('is refused where it is binary, an archive or in UTF-16', () => {
    expect(refused(Buffer.from('ads.example\0\n'))).toBe('this is a binary file, not a list')
    expect(refused(Buffer.from('\ufeffads.example\n', 'utf16le'))).toBe('this is text in UTF-16, not a list')
    expect(refused(Buffer.from('PK\u0003\u0004', 'latin1'))).toBe('this is a ZIP archive, not a list')
    expect(refused(Buffer.from('BZh91AY', 'latin1'))).toBe('this is a file packed with bzip2, not a list')
    expect(refused(Buffer.from('%PDF-1.7'))).toBe('this is a PDF document, not a list')
  })

  test('says what to do', () => {
    const problem = readerInto([]).push(Buffer.from('<html>'))
    expect(problem).toMatchObject({
      code: 'ASKFIRST_E_LIST_LINE',
      place: { file: 'list.txt' },
      hint: expect.stringMatching(/raw file/),
    })
  })

  test('is not suspected for a zero byte far inside: that line is rejected', () => {
    const { rules, rejected } = readText(`${'a.example\n'.repeat(1000)}b\0b.example\nc.example`)
    expect(rules).toHaveLength(1001)
    expect(rejected).toBe(1)
  })
})

describe('the bounds of a list', () => {
  test('stop it when no more rules are taken', () => {
    let left = 3
    const reader = new ListReader(() => ({ file: 'list.txt' }), 'auto', {
      conditional: () => 'taken',
      wire: new Uint8Array(256),
      rule: () => left-- > 0,
    })
    expect(reader.push(Buffer.from('a.example\nb.example\nc.example\n'))).toBeUndefined()
    expect(reader.push(Buffer.from('d.example\n'))).toMatchObject({
      code: 'ASKFIRST_E_LIST_BOUND',
      place: { file: 'list.txt' },
    })
  })

  test('stop it after 20 million lines', () => {
    const reader = readerInto([])
    const blank = Buffer.alloc(1_000_000, '\n')
    for (let i = 0; i < 20; i++) expect(reader.push(blank)).toBeUndefined()
    expect(reader.push(Buffer.from('\n'))).toMatchObject({ code: 'ASKFIRST_E_LIST_BOUND' })
  })

  test('stop it after 512 MiB', () => {
    const reader = readerInto([])
    const chunk = Buffer.alloc(64 * 1024 ** 2, 'x')
    for (let i = 0; i < 8; i++) expect(reader.push(chunk)).toBeUndefined()
    expect(reader.push(Buffer.from('x'))).toMatchObject({
      code: 'ASKFIRST_E_LIST_BOUND',
      message: 'larger than 512 MiB',
    })
  })
})
