import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a hosts line', () => {
  test('blocks each of its names, and only that name', () => {
    expect(rulesOf('0.0.0.0 ads.example')).toEqual(['block ads.example'])
    expect(rulesOf('127.0.0.1\tads.example  tracker.example\tpixel.example # three')).toEqual([
      'block ads.example',
      'block tracker.example',
      'block pixel.example',
    ])
  })

  test.each(['0.0.0.0', '127.0.0.1', '127.0.1.1', '0', '::', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
    'may have the sink address %s',
    (address) => {
      expect(rulesOf(`${address} ads.example`)).toEqual(['block ads.example'])
    },
  )

  test.each(['192.168.1.5', '10.0.0.1', '8.8.8.8', 'fd00::5', 'fe80::1%lo0', '255.255.255.255', 'ff02::1'])(
    'with the real address %s is a record of some house and blocks nothing',
    (address) => {
      expect(endOf(`${address} nas.example`)).toBe('record')
    },
  )

  test('never blocks the names of the machine itself', () => {
    const own = [
      '127.0.0.1 localhost',
      '127.0.0.1 localhost.localdomain',
      '127.0.0.1 local',
      '::1 localhost',
      '::1 ip6-localhost ip6-loopback',
      '0.0.0.0 LOCALHOST',
      '0.0.0.0 broadcasthost',
    ]
    for (const line of own) expect(endOf(line), line).toBe('own')
    expect(endOf('255.255.255.255 broadcasthost')).toBe('record')
    expect(endOf('ff02::1 ip6-allnodes')).toBe('record')
    expect(endOf('0.0.0.0 0.0.0.0')).toBe('address')
  })

  test('takes the names it can when one of them is the own one', () => {
    expect(rulesOf('127.0.0.1 localhost ads.example')).toEqual(['block ads.example'])
    expect(readText('127.0.0.1 localhost ads.example').skipped).toEqual({})
  })

  test('takes the names it can and is told when one is broken', () => {
    const reading = readText('0.0.0.0 ads.example b@d.example pixel.example a..b')
    expect(reading.rules).toEqual(['block ads.example', 'block pixel.example'])
    expect(reading.rejected).toBe(1)
    expect(reading.problems[0]).toMatchObject({
      code: 'ASKFIRST_E_LIST_LINE',
      place: { file: 'list.txt', line: 1 },
      message: expect.stringContaining('a name cannot have the character "@"'),
    })
  })

  test('with a star blocks what lies under the name, too', () => {
    expect(rulesOf('0.0.0.0 *.ads.example b.example')).toEqual(['block *.ads.example', 'block b.example'])
  })

  test.each(['; why', '! why', '// why'])('may have the remark %s behind a blank', (remark) => {
    const { rules, rejected } = readText(`0.0.0.0 ads.example ${remark}`)
    expect([rules, rejected]).toEqual([['block ads.example'], 0])
  })

  test('ends at a hash, with or without a blank before it', () => {
    expect(rulesOf('0.0.0.0 ads.example#comment x.example')).toEqual(['block ads.example'])
    expect(rulesOf('0.0.0.0 ads.example #[Spy/Ware] x.example')).toEqual(['block ads.example'])
    expect(endOf('0.0.0.0 ziyker4gaming #@example.tk')).toBe('single-label')
  })

  test('without a name blocks nothing, not even its address', () => {
    for (const line of ['0.0.0.0', '127.0.0.1 # comment', '::1']) {
      expect(readText(`0.0.0.0 ads.example\n${line}`), line).toMatchObject({
        rules: ['block ads.example'],
        skipped: { address: 1 },
      })
    }
  })

  test('does not count names of one label or made of digits only', () => {
    expect(endOf('0.0.0.0 router')).toBe('single-label')
    expect(endOf('0.0.0.0 192.0.2.7')).toBe('address')
    expect(endOf('0.0.0.0 12345')).toBe('address')
  })

  test('must start with an address', () => {
    for (const line of ['256.0.0.1 ads.example', '1.2.3 ads.example', '0.0.0.0. ads.example', '00 ads.example']) {
      expect(endOf(line), line).toMatch(/^several words/)
    }
    expect(endOf('ads.example', 'hosts')).toMatch(/^it does not have the format given/)
  })
})
