import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('an adblock rule for a whole name', () => {
  test('blocks the name and everything under it', () => {
    expect(rulesOf('||ads.example^')).toEqual(['block *.ads.example'])
    expect(rulesOf('||ads.example^|')).toEqual(['block *.ads.example'])
    expect(rulesOf('||ADS.example^$important')).toEqual(['block *.ads.example if important'])
    expect(rulesOf('||zip^')).toEqual(['block *.zip'])
  })

  test('with one bar blocks that name only', () => {
    expect(rulesOf('|ads.example^')).toEqual(['block ads.example'])
  })

  test('with @@ is an exception, which allows', () => {
    expect(rulesOf('@@||ads.example^')).toEqual(['allow *.ads.example'])
    expect(rulesOf('@@||ads.example^|')).toEqual(['allow *.ads.example'])
    expect(rulesOf('@@|ads.example^')).toEqual(['allow ads.example'])
    expect(rulesOf('@@||ads.example^$important')).toEqual(['allow *.ads.example if important'])
  })

  test('may have a remark, as some list makers write', () => {
    expect(rulesOf('@@||ads.example^! Issue 464')).toEqual(['allow *.ads.example'])
    expect(rulesOf('||ads.example^ # why')).toEqual(['block *.ads.example'])
  })

  test('that is a plain name, as lists for resolvers have it, is that name only', () => {
    const reading = readText('||a.example^\nb.example\n0.0.0.0 c.example\n*.d.example')
    expect(reading.rules).toEqual(['block *.a.example', 'block b.example', 'block c.example', 'block *.d.example'])
  })
})

describe('an adblock rule that no resolver can apply', () => {
  test.each([
    ['||ads.example^$third-party', 'modifier'],
    ['||ads.example^$important,third-party', 'modifier'],
    ['||ads.example^|$script', 'modifier'],
    ['||ads.example$popup', 'modifier'],
    ['@@||ads.example^$generichide', 'modifier'],
    ['||ads.example/banner', 'url'],
    ['||ads.example^*/ad.js', 'url'],
    ['||ads.example^//x', 'url'],
    ['||ads.example:8080^', 'url'],
    ['|https://ads.example^', 'url'],
    ['@@/banner/*', 'url'],
    ['@@ads.example^', 'url'],
    ['||ads.example', 'pattern'],
    ['||ads.', 'pattern'],
    ['||ads.^', 'pattern'],
    ['||ads-*.example^', 'pattern'],
    ['||*.ads.example^', 'pattern'],
    ['||192.0.2.1^', 'address'],
    ['||localhost^', 'own'],
    ['|router^', 'single-label'],
    ['/^ads[0-9]+\\./', 'regex'],
    ['/ads?/$script', 'regex'],
    ['@@/^ads/', 'regex'],
    ['###banner', 'blank'],
    ['example.org##.banner', 'cosmetic'],
    ['example.org,example.com#@#.banner', 'cosmetic'],
    ['example.org#?#div:has(> .ad)', 'cosmetic'],
    ['example.org#$#abort-on-property-read ads', 'cosmetic'],
    ['example.org#@$#x', 'cosmetic'],
    ['example.org#%#//scriptlet("x")', 'cosmetic'],
    ['example.org$$script[data="ads"]', 'cosmetic'],
    ['[Adblock Plus 2.0]', 'blank'],
    ['! Title: x', 'blank'],
    ['!#if env', 'blank'],
  ])('is recognised and counted by kind: %s is %s', (line, kind) => {
    expect(endOf(line)).toBe(kind)
  })

  test('such as one that hides parts of a page does not block the page', () => {
    expect(rulesOf('example.org##.banner')).toEqual([])
    expect(rulesOf('example.org ##.banner')).toEqual(['block example.org'])
  })

  test.each([
    '##.banner',
    '#@#.banner',
    '#?#.x',
    '-ads.gif',
    '.adserver.',
    '.ads.example',
    '_300.htm',
    '&ad=',
    '/ads/*',
    '://x.ru^',
    '//oyy.ru',
  ])('in a list for adblockers includes %s', (line) => {
    const { rules, skipped, rejected } = readText(`[Adblock Plus 2.0]\n${line}\n||ads.example^\n${line}`)
    expect(rules).toEqual(['block *.ads.example'])
    expect(Object.values(skipped)).toEqual([2])
    expect(rejected).toBe(0)
  })

  test('is counted although words in its options are apart', () => {
    expect(readText("! list\n$csp=script-src 'none',domain=x.example").skipped).toEqual({ url: 1 })
  })
})

describe('a broken adblock rule', () => {
  test.each([
    ['||ads..example^', /^a name with nothing between two dots/],
    ['||ads.example ^', /^a blank or a control character in the middle/],
    [`||${'a'.repeat(64)}.example^`, /^a label longer than 63/],
    ['||^', /^not a domain name/],
    ['||ads\u007f.example^', /^a blank or a control character in the middle/],
  ])('is rejected with its reason: %s', (line, why) => {
    expect(endOf(line)).toMatch(why)
    expect(rulesOf(line)).toEqual([])
  })

  test('among others is words that make no rule', () => {
    const { rejected, problems } = readText('||ads.example^\nthis is no rule')
    expect(rejected).toBe(1)
    expect(problems[0]?.place).toEqual({ file: 'list.txt', line: 2 })
  })
})
