import { describe, expect, test } from 'vitest'
import { prefixes } from '../../../src/base/address.ts'
import { type Admission, Clients } from '../../../src/pipeline/clients.ts'
import { Entrances } from '../../../src/pipeline/entrances.ts'
import { Limits } from '../../../src/pipeline/limits.ts'

const clock = { now: () => 0, ticks: () => 0 }
const limits = new Limits(
  { queries: 10, perPrefix: 0, names: 0, inFlight: 0, over: 'drop', exempt: [] },
  clock,
  () => {},
)
const GUESTS = '192.168.20.0/24'

const entrances = () => {
  const everywhere: Admission = { plain: prefixes('192.168.0.0/16'), tls: prefixes('10.0.0.0/8'), https: [] }
  const groups = { current: 1 }
  const main = new Clients(everywhere, limits, () => groups.current)
  const groupOf = ({ listener }: { listener: string }): number => (listener === '' ? groups.current : 7)
  const all = new Entrances(main, (admission, listener) => new Clients(admission, limits, groupOf, main, listener))
  return { all, main, groups }
}

describe('the access list of a listener', () => {
  test('holds at its address, at every port or at one, instead of that of the door', () => {
    const { all, main } = entrances()
    all.use(
      [
        { address: '192.168.20.1', port: 0, allowFrom: prefixes(GUESTS) },
        { address: 'fd00::1', port: 853, allowFrom: prefixes('fd00:20::/32') },
      ],
      [],
    )
    const guests = all.at({ address: '192.168.20.1', port: 53 })
    expect(guests.current.of('192.168.20.7').allowed).toBe(true)
    expect(guests.current.of('192.168.1.7').allowed).toBe(false)
    expect(guests.current.via('tls', '192.168.20.7', 'tv').allowed).toBe(true)
    expect(guests.current.via('https', '10.0.0.1', undefined).allowed).toBe(false)
    expect(all.at({ address: '192.168.1.1', port: 53 }).current).toBe(main)
    // However it is written.
    expect(all.at({ address: 'fd00:0:0::1', port: 853 }).current.of('fd00:20::5').allowed).toBe(true)
    expect(all.at({ address: 'fd00::1', port: 53 }).current).toBe(main)
  })

  test('counts at once for open connections too when it changes', () => {
    const { all, main } = entrances()
    const at = all.at({ address: '192.168.20.1', port: 53 })
    expect(at.current).toBe(main)
    all.use([{ address: '192.168.20.1', port: 0, allowFrom: prefixes(GUESTS) }], [])
    expect(at.current.of('192.168.1.7').allowed).toBe(false)
    all.use([], [])
    expect(at.current).toBe(main)
  })

  test('gives nobody a second budget, nor a number that another has', () => {
    const { all, main } = entrances()
    all.use([{ address: '192.168.20.1', port: 0, allowFrom: prefixes(GUESTS) }], [])
    const there = all.at({ address: '192.168.20.1', port: 53 }).current
    const client = there.of('192.168.20.7')
    expect(client.budget).toBe(main.of('192.168.20.7').budget)
    expect(client.number).not.toBe(main.of('192.168.20.7').number)
    expect(new Set([there.of('192.168.20.8'), main.of('192.168.20.9')].map(({ number }) => number)).size).toBe(2)
  })

  test('knows groups and load balancers as everywhere', () => {
    const { all, groups } = entrances()
    all.use([{ address: '192.168.20.1', port: 0, allowFrom: prefixes(GUESTS) }], prefixes('192.168.20.2'))
    const there = all.at({ address: '192.168.20.1', port: 53 }).current
    expect(there.of('192.168.20.2').speaksForOthers).toBe(true)
    const client = there.of('192.168.20.7')
    expect([client.group, client.speaksForOthers]).toEqual([1, false])
    groups.current = 2
    all.regroup()
    expect(client.group).toBe(2)
  })
})

describe('a listener that a group names', () => {
  const asked = (all: Entrances, port = 53) => all.at({ address: '::ffff:192.168.20.1', port }).current

  test('has clients of its own, told of where they ask, while a group does, and nowhere else', () => {
    const { all, main } = entrances()
    expect(asked(all)).toBe(main)
    all.regroup(['192.168.20.1:'])
    const there = asked(all)
    expect(asked(all)).toBe(there)
    expect([there.of('192.168.1.7').listener, there.of('192.168.1.7').group]).toEqual(['192.168.20.1:53', 7])
    expect(asked(all, 5353).of('192.168.1.7').listener).toBe('192.168.20.1:5353')
    expect(there.of('192.168.1.7').budget).toBe(main.of('192.168.1.7').budget)
    expect(all.at({ address: '192.168.2.1', port: 53 }).current).toBe(main)
    all.regroup(['192.168.20.1:5353'])
    expect([asked(all) === main, asked(all, 5353) === main]).toEqual([true, false])
    all.regroup([])
    expect(asked(all, 5353)).toBe(main)
  })

  test('keeps its own access list', () => {
    const { all } = entrances()
    all.regroup(['192.168.20.1:'])
    all.use([{ address: '192.168.20.1', port: 0, allowFrom: prefixes(GUESTS) }], [])
    expect([asked(all).of('192.168.20.7').allowed, asked(all).of('192.168.1.7').allowed]).toEqual([true, false])
  })
})
