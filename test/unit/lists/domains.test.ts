import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a line with a plain name', () => {
  test('blocks that name only', () => {
    expect(rulesOf('ads.example')).toEqual(['block ads.example'])
    expect(readText('ads.example').formats).toEqual(['domains'])
  })

  test('is read in any case, with a dot at the end, blanks around it and any line end', () => {
    for (const line of ['ADS.Example', 'ads.example.', '  ads.example\t', 'ads.example\r\n', 'ads.example \r']) {
      expect(rulesOf(line), JSON.stringify(line)).toEqual(['block ads.example'])
    }
  })

  test('may have a comment after a blank', () => {
    for (const comment of ['# why', '#why', '! why', '; why', '// why']) {
      expect(rulesOf(`ads.example ${comment}`), comment).toEqual(['block ads.example'])
      expect(endOf(comment)).toBe('blank')
    }
  })

  test('may have underscores, digits and dashes wherever they are', () => {
    for (const name of ['_dmarc.ads.example', '4.ads.example', 'foo-.ads.example', 'a--b.example', '1x.2y.z3']) {
      expect(rulesOf(name)).toEqual([`block ${name}`])
    }
  })

  test('with other letters than ASCII becomes A-labels', () => {
    expect(rulesOf('bücher.example')).toEqual(['block xn--bcher-kva.example'])
    expect(rulesOf('BÜCHER.example # Buch')).toEqual(['block xn--bcher-kva.example'])
    expect(rulesOf('例え。テスト')).toEqual(['block xn--r8jz45g.xn--zckzah'])
    expect(rulesOf('0.0.0.0 bücher.example ads.example')).toEqual(['block xn--bcher-kva.example', 'block ads.example'])
    expect(rulesOf('||bücher.example^')).toEqual(['block *.xn--bcher-kva.example'])
    // Full-width digits are digits to IDNA: this is an address.
    expect(endOf('１２７.0.0.1')).toBe('address')
  })

  test('is rejected with its reason where it is no name', () => {
    expect(endOf('ads..example')).toMatch(/^a name with nothing between two dots: ads\.\.example/)
    expect(endOf('ads.exam/ple')).toMatch(/^a name cannot have the character "\/"/)
    expect(endOf(`${'a'.repeat(64)}.example`)).toMatch(/^a label longer than 63 bytes/)
    expect(endOf(`${'a.'.repeat(127)}example`)).toMatch(/^a name longer than 253 bytes/)
    expect(endOf('ads.example tracker.example')).toMatch(/^several words/)
    expect(readText(Uint8Array.from([0x61, 0xff, 0x2e, 0x62])).problems[0]?.message).toMatch(/^the text is not UTF-8/)
  })

  test('is taken up to the length that a name may have', () => {
    const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`
    expect(longest).toHaveLength(253)
    expect(rulesOf(longest)).toEqual([`block ${longest}`])
    expect(rulesOf(`${longest}.`)).toEqual([`block ${longest}`])
    expect(endOf(`${longest}e`)).toMatch(/^a name longer/)
  })

  test('is skipped where it is digits only, one label or the machine itself', () => {
    for (const line of ['1.2.3.4.5', '42']) expect(endOf(line), line).toBe('address')
    for (const line of ['router', 'com', 'zip.']) expect(endOf(line), line).toBe('single-label')
    for (const line of ['localhost', 'localhost.localdomain', 'Broadcasthost']) expect(endOf(line), line).toBe('own')
  })
})

describe('what hostile lines say', () => {
  test('never reaches a message unescaped or at length', () => {
    const [problem] = readText(`evil\u001b[2J\u202e${'x'.repeat(5000)}!!`).problems
    expect(problem?.message).not.toMatch(/[\u0000-\u001f\u202e]/)
    expect(problem?.message.length).toBeLessThan(300)
  })
})
