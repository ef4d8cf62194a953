import { describe, expect, test } from 'vitest'
import { endOf, readText } from './reading.ts'

const HEAD = `; a policy zone
$TTL 300
@ IN SOA localhost. root.localhost. (
    1     ; serial
    60 60 432000 60 )
  IN NS localhost.
`
const rulesIn = (text: string): readonly string[] => readText(HEAD + text).rules

describe('a response policy zone', () => {
  test('keeps the action of each record', () => {
    const { rules, rejected, skipped, formats, confidence } = readText(`${HEAD}
nx.example      CNAME .
*.nx.example    CNAME .
only.example    600 IN CNAME .
nodata.example  IN 600 cname *.
ok.example      CNAME rpz-passthru.
old.example     CNAME old.example.
gone.example    CNAME rpz-drop.
slow.example    CNAME rpz-tcp-only.
other.example   CNAME garden.example.
*.star.example  CNAME *.garden.example.
own.example     A 192.0.2.7
                AAAA 2001:db8::7
                TXT "two words" "and ; more"
*.below.example CNAME .
`)
    expect(rules).toEqual([
      'block nx.example',
      'block *.nx.example',
      'block only.example',
      'nodata nodata.example',
      'passthru ok.example',
      'passthru old.example',
      'drop gone.example',
      'tcp-only slow.example',
      'alias(garden.example) other.example',
      'alias(*.garden.example) ?.star.example',
      'records(A 192.0.2.7) own.example',
      'records(AAAA 2001:db8::7) own.example',
      'records(TXT two words,and ; more) own.example',
      'nxdomain ?.below.example',
    ])
    expect({ rejected, skipped, formats, confidence }).toEqual({
      rejected: 0,
      skipped: {},
      formats: ['rpz'],
      confidence: 1,
    })
  })

  test('looks at addresses in answers and of clients where its names say so', () => {
    expect(
      rulesIn(`24.0.2.0.192.rpz-ip CNAME .
32.7.2.0.192.rpz-ip CNAME rpz-passthru.
128.1.zz.db8.2001.rpz-ip CNAME *.
48.zz.1.db8.2001.rpz-ip CNAME .
64.0.10.10.10.rpz-ip CNAME .
24.0.2.0.192.rpz-client-ip CNAME rpz-drop.
`),
    ).toEqual([
      'nxdomain 192.0.2.0/24',
      'passthru 192.0.2.7/32',
      'nodata 2001:db8::1/128',
      'nxdomain 2001:db8:1::/48',
      'drop anything if client 192.0.2.0/24',
    ])
    expect(endOf(`${HEAD}ns.example.rpz-nsdname CNAME .`)).toBe('nameserver')
  })

  test('has names relative to its zone, or absolute within it', () => {
    const zone = `$ORIGIN rpz.local.
@ SOA a. b. 1 2 3 4 5
a.example CNAME .
b.example.rpz.local. CNAME .
$ORIGIN example.rpz.local.
c CNAME x
d CNAME .
outside. CNAME .
`
    const { rules, rejected, problems } = readText(zone)
    expect(rules).toEqual([
      'block a.example',
      'block b.example',
      'alias(x.example.rpz.local) c.example',
      'block d.example',
    ])
    expect(rejected).toBe(1)
    expect(problems[0]).toMatchObject({ message: expect.stringContaining('outside of the zone'), place: { line: 8 } })
  })

  test('may begin with its SOA record, as a transfer gives it', () => {
    const zone = 'rpz. 28800 IN SOA rpz. h.rpz. 6 1 2 3 4\nads.example.rpz. 28800 IN CNAME .\n'
    expect(readText(zone).rules).toEqual(['block ads.example'])
  })

  test('never blocks names of the machine itself', () => {
    expect(rulesIn('localhost CNAME .\n*.localhost CNAME .\n')).toEqual([])
  })

  test('that is cut off, or has lost a bracket, is read as far as it goes', () => {
    const { rules, rejected } = readText(
      `${HEAD}a.example CNAME .\nb.example TXT (${'\n"x"'.repeat(300)}\nc.example CNAME .`,
    )
    expect(rules[0]).toBe('block a.example')
    expect(rejected).toBeGreaterThan(0)
  })

  test('in another list is read by its lines', () => {
    expect(readText('x.example\nads.example CNAME .\n*.ads.example CNAME .\nthis is no rule').rules).toEqual([
      'block x.example',
      'block ads.example',
      'block *.ads.example',
    ])
  })
})
