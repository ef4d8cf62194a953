import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wireFromName } from '../../../src/base/name.ts'
import { addToHash, finishHash, type LaneEntry, LaneTable } from '../../../src/pipeline/lane-table.ts'
import { queryPacket } from '../../support/packets.ts'

const HEADER = 12
const wireOf = (name: string): Uint8Array => wireFromName(name) as Uint8Array

interface Asked {
  readonly name: string
  readonly type?: number
  readonly variant?: number
}

const hashOf = ({ name, type = 1, variant = 0 }: Asked): number => {
  const wire = wireOf(name)
  return finishHash(wire.subarray(0, -1).reduce(addToHash, 0), type, variant)
}

/** An entry as the lane makes it; `size` is the length of the reply. */
function entryFor(asked: Asked, size = 100): LaneEntry {
  const packet = queryPacket(asked.name)
  packet.writeUInt16BE(asked.type ?? 1, packet.length - 4)
  const bytes = new Uint8Array(Math.max(size, packet.length))
  bytes.set(packet)
  return {
    hash: hashOf(asked),
    variant: asked.variant ?? 0,
    bytes,
    ttlOffsets: [],
    born: 0,
    expires: 1,
    generation: 0,
    journal: { template: new Uint8Array(20), outcome: 0, id: 0, batch: -1, at: 0, client: undefined, way: 0 },
  }
}

/** Looks it up as it stands in a packet, `at` bytes into some memory. */
function find(table: LaneTable, asked: Asked, at = 5): LaneEntry | undefined {
  const packet = queryPacket(asked.name)
  packet.writeUInt16BE(asked.type ?? 1, packet.length - 4)
  const memory = new Uint8Array(at + packet.length)
  memory.set(packet, at)
  return table.find(hashOf(asked), memory, at + HEADER, wireOf(asked.name).length, asked.variant ?? 0)
}

const put = (table: LaneTable, asked: Asked, size?: number): LaneEntry => {
  const entry = entryFor(asked, size)
  table.set(entry, wireOf(asked.name).length)
  return entry
}

describe('an entry is found', () => {
  test('by its name in any letter case, and by nothing else', () => {
    const table = new LaneTable(2 ** 20)
    const entry = put(table, { name: 'WwW.Example' })
    for (const name of ['www.example', 'WWW.EXAMPLE', 'wWw.eXample']) expect(find(table, { name })).toBe(entry)
    for (const name of ['ww.example', 'www.examplf', 'www.example.x', 'x.www.example', '.']) {
      expect(find(table, { name })).toBeUndefined()
    }
  })

  test('by its type exactly: 65 and 97 differ as two letters of one name would not', () => {
    const table = new LaneTable(2 ** 20)
    const [https, other] = [put(table, { name: 'a.example', type: 65 }), put(table, { name: 'a.example', type: 97 })]
    expect(find(table, { name: 'a.example', type: 65 })).toBe(https)
    expect(find(table, { name: 'a.example', type: 97 })).toBe(other)
    expect(find(table, { name: 'a.example', type: 0x4141 })).toBeUndefined()
  })

  test('by its variant', () => {
    const table = new LaneTable(2 ** 20)
    const entries = [0, 1, 3, 8, 9, 5000].map((variant) => put(table, { name: 'a.example', variant }))
    for (const entry of entries) expect(find(table, { name: 'a.example', variant: entry.variant })).toBe(entry)
    expect(find(table, { name: 'a.example', variant: 2 })).toBeUndefined()
  })

  test('even where its hash is that of another: the bytes decide', () => {
    const table = new LaneTable(2 ** 20)
    const entry = { ...entryFor({ name: 'a.example' }), hash: hashOf({ name: 'b.example' }) }
    table.set(entry, wireOf('a.example').length)
    expect(find(table, { name: 'b.example' })).toBeUndefined()
    const own = put(table, { name: 'b.example' })
    expect(find(table, { name: 'b.example' })).toBe(own)
  })

  test('until another takes its place for the same question', () => {
    const table = new LaneTable(2 ** 20)
    put(table, { name: 'a.example' })
    const second = put(table, { name: 'A.example' })
    expect(find(table, { name: 'a.example' })).toBe(second)
    expect(table.size).toBe(1)
  })
})

test('the table never outgrows its bytes, whatever comes, and counts what it has', () => {
  const weight = ({ bytes, journal }: LaneEntry): number => bytes.length + journal.template.length + 650
  const step = fc.record({ name: fc.nat(300), size: fc.constantFrom(60, 100, 700, 4000, 60_000), look: fc.boolean() })
  fc.assert(
    fc.property(fc.constantFrom(2000, 20_000, 200_000), fc.array(step, { maxLength: 400 }), (bytes, steps) => {
      const table = new LaneTable(bytes)
      const model = new Map<number, LaneEntry>()
      for (const { name, size, look } of steps) {
        if (look) find(table, { name: `n${name}.example` })
        else model.set(name, put(table, { name: `n${name}.example` }, size))
      }
      const kept = [...model].filter(([name, entry]) => {
        const found = find(table, { name: `n${name}.example` })
        expect([undefined, entry]).toContain(found)
        return found !== undefined
      })
      expect(table.size).toBe(kept.length)
      expect(kept.reduce((sum, [, entry]) => sum + weight(entry), 0)).toBeLessThanOrEqual(bytes)
    }),
  )
})

test('what is asked again and again stays, in a flood of names that are asked once', () => {
  const table = new LaneTable(150_000)
  let misses = 0
  for (let i = 0; i < 20_000; i++) {
    put(table, { name: `cold${i}.example` })
    const name = `hot${i % 30}.example`
    if (find(table, { name }) !== undefined) continue
    misses++
    put(table, { name })
  }
  // 30 at the start, and then no more than one in two hundred.
  expect(misses).toBeLessThan(30 + 100)
})

test('most of the bytes can be used: sets seldom overflow before the table is full', () => {
  const bytes = 4_000_000
  const table = new LaneTable(bytes)
  for (let i = 0; i < 20_000; i++) put(table, { name: `n${i}.example` }, 100)
  expect(table.size).toBeGreaterThan((bytes / 935) * 0.95)
})

test('names chosen to share a set push out only each other', () => {
  const table = new LaneTable(1_000_000)
  const mine = put(table, { name: 'mine.example' })
  const set = (name: string): number => hashOf({ name }) & 0xff
  const chosen = Array.from({ length: 100_000 }, (_, i) => `x${i}.example`).filter((name) => set(name) === 8)
  expect(set('mine.example')).not.toBe(8)
  expect(chosen.length).toBeGreaterThan(200)
  for (const name of chosen) put(table, { name })
  expect(find(table, { name: 'mine.example' })).toBe(mine)
})

test('the hash spreads names that differ little over all its bits', () => {
  const ones = new Array<number>(32).fill(0)
  const count = 4000
  for (let i = 0; i < count; i++) {
    const hash = hashOf({ name: `host-${i}.lan.example` })
    for (let bit = 0; bit < 32; bit++) ones[bit] = (ones[bit] as number) + ((hash >>> bit) & 1)
  }
  for (const one of ones) {
    expect(one).toBeGreaterThan(count * 0.45)
    expect(one).toBeLessThan(count * 0.55)
  }
})
