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
    expect(rulesOf('||ads.example^$important # why')).toEqual(['block *.ads.example if important'])
    expect(rulesOf("||ads.example^$client='no # 1'")).toEqual(['block *.ads.example if client no # 1'])
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
    ['||ads.^', 'pattern'],
    ['||localhost^', 'own'],
    ['|router^', 'single-label'],
    ['/ads?/$script', 'modifier'],
    ['/^https?:\\/\\/ads/', 'url'],
    ['||*^', 'pattern'],
    ['||192.0.2.^', 'pattern'],
    ['||192.0.2.', 'pattern'],
    ['||192.0.*^', 'address'],
    ['||ads.example^$ctag=device_tv', 'ctag'],
    ['||ads.example^$dnsrewrite=NOERROR;HTTPS;1 . key667=x', 'record'],
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
    expect(readText("! list\n$csp=script-src 'none',domain=x.example").skipped).toEqual({ modifier: 1 })
  })
})

describe('an adblock pattern', () => {
  test.each([
    ['||ads-*.example^', 'block /(^|\\.)ads-.*\\.example$/'],
    ['||ads.example', 'block /(^|\\.)ads\\.example/'],
    ['||ads.', 'block /(^|\\.)ads\\./'],
    ['|ads*.example^', 'block /^ads.*\\.example$/'],
    ['||*.ads.example^', 'block ?.ads.example'],
    ['/^ads[0-9]+\\./', 'block /^ads[0-9]+\\./'],
    ['@@/^ads/', 'allow /^ads/'],
    ['/^ads/$important', 'block /^ads/ if important'],
    ['||192.0.2.1^', 'block 192.0.2.1/32'],
    ['||2001:db8::1^', 'block 2001:db8::1/128'],
    ['||[2001:db8::1]^', 'block 2001:db8::1/128'],
    ['ads.example^', 'block /ads\\.example$/'],
    ['@@ads.example^', 'allow /ads\\.example$/'],
    ['/.*/$denyallow=com', 'block anything if not under com'],
    ['/^/$dnstype=AAAA', 'block anything if type AAAA'],
  ])('%s is %s', (line, rule) => {
    expect(rulesOf(line, 'adblock')).toEqual([rule])
  })
})

describe('an option that a DNS server can honour', () => {
  test.each([
    ['||ads.example^$all', 'block *.ads.example'],
    ['||ads.example^$badfilter', 'block *.ads.example if cancels'],
    ['@@||ads.example^$important,badfilter', 'allow *.ads.example if cancels, important'],
    ['||ads.example^$dnstype=A|AAAA', 'block *.ads.example if type A AAAA'],
    ['||ads.example^$dnstype=~HTTPS|~type65280', 'block *.ads.example if type ~HTTPS ~TYPE65280'],
    ['||example^$denyallow=a.example|B.example', 'block *.example if not under a.example b.example'],
    ['*$denyallow=com|net', 'block anything if not under com net'],
    ['||x.example^$client=192.0.2.0/24|~fd00::5', 'block *.x.example if client 192.0.2.0/24 ~fd00::5/128'],
    ["||x.example^$client='Mary\\'s|tablet'|~TV", "block *.x.example if client mary's|tablet ~tv"],
    ['|x.example^$client=a\\,b,important', 'block x.example if important, client a,b'],
    ['||x.example^$dnsrewrite=NXDOMAIN', 'nxdomain *.x.example'],
    ['||x.example^$dnsrewrite=NOERROR;;', 'nodata *.x.example'],
    ['||x.example^$dnsrewrite=192.0.2.7', 'records(A 192.0.2.7) *.x.example'],
    ['||x.example^$dnsrewrite=2001:db8::7', 'records(AAAA 2001:db8::7) *.x.example'],
    ['||x.example^$dnsrewrite=safe.example', 'alias(safe.example) *.x.example'],
    ['|x.example^$dnsrewrite=NOERROR;CNAME;safe.example', 'alias(safe.example) x.example'],
    ['||x.example^$dnsrewrite=NOERROR;MX;10 mail.example', 'records(MX 10 mail.example) *.x.example'],
    ['||x.example^$dnsrewrite=NOERROR;TXT;hello world', 'records(TXT hello world) *.x.example'],
    ['||x.example^$dnsrewrite=NOERROR;SRV;1 2 80 s.example', 'records(SRV 1 2 80 s.example) *.x.example'],
    ['@@||x.example^$dnsrewrite', 'no-rewrite() *.x.example'],
    ['@@||x.example^$dnsrewrite=192.0.2.7', 'no-rewrite(records(A 192.0.2.7)) *.x.example'],
    ['x.example$important', 'block /x\\.example/ if important'],
  ])('%s is %s', (line, rule) => {
    expect(rulesOf(line, 'adblock')).toEqual([rule])
  })

  test.each([
    ['||x.example^$dnstype=WHAT', /^dnstype with what is none/],
    ['||x.example^$dnstype=', /^dnstype without values/],
    ['||x.example^$denyallow=a..b', /^denyallow with what is no name/],
    ['||x.example^$denyallow', /^denyallow without names/],
    ['||x.example^$client', /^client without values/],
    ['||x.example^$dnsrewrite', /^a dnsrewrite without an answer/],
    ['||x.example^$dnsrewrite=NOERROR;A;1.2.3', /^a dnsrewrite that cannot be read/],
    ['/(?=x)ads/', /^a pattern that cannot be used/],
  ])('is rejected where it cannot be read: %s', (line, why) => {
    expect(endOf(line, 'adblock')).toMatch(why)
  })

  test('beside one that only a browser knows does not count: the line is skipped', () => {
    expect(endOf('||x.example^$important,third-party')).toBe('modifier')
    expect(endOf('||x.example^$dnstype=WHAT,domain=y.example')).toBe('modifier')
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
