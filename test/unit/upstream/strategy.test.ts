import { describe, expect, test } from 'vitest'
import { Health } from '../../../src/upstream/health.ts'
import { arrange } from '../../../src/upstream/strategy.ts'
import { ZoneTable } from '../../../src/upstream/zone-table.ts'

const candidate = (name: string, latency: number | undefined, weight = 1) => ({ name, latency, weight })
const [slow, quick, unknown] = [candidate('slow', 90), candidate('quick', 5), candidate('unknown', undefined)]
const names = (order: readonly { name: string }[]): string[] => order.map(({ name }) => name)

describe('strategies', () => {
  test('order keeps the order of the configuration', () => {
    expect(names(arrange('order', [slow, quick], Math.random).order)).toEqual(['slow', 'quick'])
    expect(arrange('order', [slow, quick], Math.random).atOnce).toBe(1)
  })
  test('race asks the two quickest at once; who was never asked counts as quick', () => {
    const third = candidate('third', 50)
    const { order, atOnce } = arrange('race', [slow, quick, unknown, third], () => 0.99)
    expect(names(order)).toEqual(['unknown', 'quick', 'third', 'slow'])
    expect(atOnce).toBe(2)
  })
  test('race gives a slow one a chance now and then', () => {
    const draws = [0, 0.9]
    const { order } = arrange('race', [slow, quick, candidate('third', 50)], () => draws.shift() ?? 0)
    expect(names(order)).toEqual(['quick', 'slow', 'third'])
  })
  test('a single upstream is asked once, whatever the strategy', () => {
    for (const strategy of ['order', 'race', 'random'] as const)
      expect(arrange(strategy, [slow], Math.random)).toEqual({ order: [slow], atOnce: 1 })
  })
  test('random draws by weight', () => {
    const heavy = candidate('heavy', 1, 3)
    const light = candidate('light', 1, 1)
    const first = (draw: number): string | undefined => names(arrange('random', [heavy, light], () => draw).order)[0]
    expect([0, 0.5, 0.74, 0.76, 0.99].map(first)).toEqual(['heavy', 'heavy', 'heavy', 'light', 'light'])
  })
})

describe('health', () => {
  const down = (health: Health, now = 0): void => {
    for (const name of ['a', 'b', 'c']) health.fail(now, 100, name)
  }
  test('three failures in a row mean down, an answer between them does not', () => {
    const health = new Health()
    health.fail(0, 100, 'a')
    health.fail(0, 100, 'b')
    health.succeed(10)
    health.fail(0, 100, 'c')
    health.fail(0, 100, 'd')
    expect(health.up).toBe(true)
    health.fail(0, 100, 'e')
    expect(health.up).toBe(false)
  })
  test('silence about one name alone never means down, a refused connection does', () => {
    const health = new Health()
    for (let i = 0; i < 10; i++) health.fail(i, 100, 'broken.example')
    expect(health.up).toBe(true)
    for (let i = 0; i < 3; i++) health.fail(i, 1, undefined)
    expect(health.up).toBe(false)
  })
  test('while it is down one trial at a time is due, ever more seldom, but every 4 s at least', () => {
    const health = new Health()
    down(health)
    expect(health.takeTrial(499)).toBe(false)
    const trials: number[] = []
    for (let now = 500; now < 20_000; now += 100) {
      if (!health.takeTrial(now)) continue
      trials.push(now)
      expect(health.takeTrial(now + 1)).toBe(false)
      health.fail(now + 50, 50, 'x')
    }
    expect(trials).toEqual([500, 1500, 3500, 7500, 11_500, 15_500, 19_500])
  })
  test('a trial that runs long does not put off the next one beyond 4 s', () => {
    const health = new Health()
    down(health)
    expect(health.takeTrial(1000)).toBe(true)
    expect(health.takeTrial(4999)).toBe(false)
    expect(health.takeTrial(5000)).toBe(true)
  })
  test('an answer means up at once', () => {
    const health = new Health()
    down(health)
    health.takeTrial(1000)
    health.succeed(5)
    expect(health.up).toBe(true)
  })
  test('patience follows the latency, within bounds', () => {
    const health = new Health()
    expect(health.patience).toBe(800)
    health.succeed(100)
    expect(health.patience).toBe(400)
    const quick = new Health()
    quick.succeed(1)
    expect(quick.patience).toBe(200)
  })
})

describe('zones', () => {
  const zones = new ZoneTable([
    ['home.arpa', 'router'],
    ['lab.home.arpa', 'lab'],
    ['168.192.in-addr.arpa', 'router'],
  ])
  test('the most special zone holds a name; a name that only ends alike is held by none', () => {
    expect(zones.find('tv.home.arpa')).toBe('router')
    expect(zones.find('home.arpa')).toBe('router')
    expect(zones.find('a.lab.home.arpa')).toBe('lab')
    expect(zones.find('7.1.168.192.in-addr.arpa')).toBe('router')
    expect(zones.find('nothome.arpa')).toBeUndefined()
    expect(zones.find('example')).toBeUndefined()
  })
})
