import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wireFromName } from '../../../src/base/name.ts'
import { type Keep, MessageTable, messageAt, RECORD, wordsOf } from '../../../src/pipeline/message-table.ts'
import * as question from '../../../src/pipeline/question-bytes.ts'
import { queryPacket } from '../../support/packets.ts'

const HEADER = 12
const wireOf = (name: string): Uint8Array => wireFromName(name) as Uint8Array

interface Asked {
  readonly name: string
  readonly type?: number
  readonly variant?: number
}

const hashOf = ({ name, type = 1, variant = 0 }: Asked): number => question.hashOf(wireOf(name), type, variant)

const TEMPLATE = 20
let serial = 0

/** An entry as the lane makes it; `size` is the length of the reply. Each has a template of its own. */
function entryFor(asked: Asked, size = 100): Keep {
  const packet = queryPacket(asked.name)
  packet.writeUInt16BE(asked.type ?? 1, packet.length - 4)
  const reply = new Uint8Array(Math.max(size, packet.length))
  reply.set(packet)
  const template = new Uint8Array(TEMPLATE)
  new DataView(template.buffer).setUint32(0, ++serial)
  return {
    hash: hashOf(asked),
    variant: asked.variant ?? 0,
    message: reply,
    ttlOffsets: [20, 36],
    born: serial / 7,
    expires: serial * 3,
    stamp: serial % 11,
    extra: template,
    extraSize: TEMPLATE,
  }
}

/** Reads the record at a place as it was put in. */
function entryAt(table: MessageTable, place: number): Omit<Keep, 'hash'> {
  const { words, bytes, times } = table
  const word = (field: 'variant' | 'stamp' | 'message' | 'extra' | 'ttls'): number =>
    words[place + RECORD[field]] as number
  const offsetsAt = place + RECORD.head + wordsOf(word('message'))
  const templateAt = 4 * (offsetsAt + word('ttls'))
  return {
    variant: word('variant'),
    stamp: word('stamp'),
    born: times[(place + RECORD.born) / 2] as number,
    expires: times[(place + RECORD.expires) / 2] as number,
    message: bytes.slice(messageAt(place), messageAt(place) + word('message')),
    ttlOffsets: [...words.subarray(offsetsAt, offsetsAt + word('ttls'))],
    extraSize: word('extra'),
    extra: bytes.slice(templateAt, templateAt + word('extra')),
  }
}

/** Looks it up as it stands in a packet, `at` bytes into some memory. */
function find(table: MessageTable, asked: Asked, at = 5): Omit<Keep, 'hash'> | undefined {
  const packet = queryPacket(asked.name)
  packet.writeUInt16BE(asked.type ?? 1, packet.length - 4)
  const memory = new Uint8Array(at + packet.length)
  memory.set(packet, at)
  const place = table.find(
    hashOf(asked),
    memory,
    at + HEADER,
    wireOf(asked.name).length,
    asked.type ?? 1,
    asked.variant ?? 0,
  )
  return place === 0 ? undefined : entryAt(table, place)
}

const put = (table: MessageTable, asked: Asked, size?: number): Omit<Keep, 'hash'> => {
  const entry = entryFor(asked, size)
  table.set(entry, wireOf(asked.name).length)
  const { hash: _, ...rest } = entry
  return rest
}

describe('an entry is found', () => {
  test('by its name in any letter case, and by nothing else', () => {
    const table = new MessageTable(2 ** 20)
    const entry = put(table, { name: 'WwW.Example' })
    for (const name of ['www.example', 'WWW.EXAMPLE', 'wWw.eXample']) expect(find(table, { name })).toEqual(entry)
    for (const name of ['ww.example', 'www.examplf', 'www.example.x', 'x.www.example', '.']) {
      expect(find(table, { name })).toBeUndefined()
    }
  })

  test('by its type exactly: 65 and 97 differ as two letters of one name would not', () => {
    const table = new MessageTable(2 ** 20)
    const [https, other] = [put(table, { name: 'a.example', type: 65 }), put(table, { name: 'a.example', type: 97 })]
    expect(find(table, { name: 'a.example', type: 65 })).toEqual(https)
    expect(find(table, { name: 'a.example', type: 97 })).toEqual(other)
    expect(find(table, { name: 'a.example', type: 0x4141 })).toBeUndefined()
  })

  test('by its variant', () => {
    const table = new MessageTable(2 ** 20)
    const entries = [0, 1, 3, 8, 9, 5000].map((variant) => put(table, { name: 'a.example', variant }))
    for (const entry of entries) expect(find(table, { name: 'a.example', variant: entry.variant })).toEqual(entry)
    expect(find(table, { name: 'a.example', variant: 2 })).toBeUndefined()
  })

  test('even where its hash is that of another: the bytes decide', () => {
    const table = new MessageTable(2 ** 20)
    const entry = { ...entryFor({ name: 'a.example' }), hash: hashOf({ name: 'b.example' }) }
    table.set(entry, wireOf('a.example').length)
    expect(find(table, { name: 'b.example' })).toBeUndefined()
    const own = put(table, { name: 'b.example' })
    expect(find(table, { name: 'b.example' })).toEqual(own)
  })

  test('until another takes its place for the same question', () => {
    const table = new MessageTable(2 ** 20)
    put(table, { name: 'a.example' })
    const second = put(table, { name: 'A.example' })
    expect(find(table, { name: 'a.example' })).toEqual(second)
    expect(table.size).toBe(1)
  })
})

test('the table never outgrows its bytes, whatever comes, counts what it has, and gives back what was put in', () => {
  const step = fc.record({ name: fc.nat(300), size: fc.constantFrom(60, 100, 700, 4000, 60_000), look: fc.boolean() })
  fc.assert(
    fc.property(fc.constantFrom(0, 2000, 20_000, 200_000), fc.array(step, { maxLength: 400 }), (bytes, steps) => {
      const table = new MessageTable(bytes)
      const model = new Map<number, Omit<Keep, 'hash'>>()
      for (const { name, size, look } of steps) {
        if (look) find(table, { name: `n${name}.example` })
        else model.set(name, put(table, { name: `n${name}.example` }, size))
      }
      const kept = [...model].filter(([name, entry]) => {
        const found = find(table, { name: `n${name}.example` })
        expect([undefined, entry]).toContainEqual(found)
        return found !== undefined
      })
      expect(table.size).toBe(kept.length)
      const weight = kept.reduce((sum, [, { message, extra }]) => sum + 72 + message.length + extra.length, 0)
      expect(weight).toBeLessThanOrEqual(bytes)
      expect(table.bytes.length).toBeLessThanOrEqual(Math.max(64, bytes))
    }),
  )
})

test('goes round and round its bytes with messages of every length, some of them in use, and loses nothing it says it has', () => {
  const table = new MessageTable(40_000)
  const model = new Map<number, Omit<Keep, 'hash'>>()
  let random = 12_345
  const next = (below: number): number => (random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 1) % below
  for (let i = 0; i < 60_000; i++) {
    const name = next(400)
    if (next(3) > 0) {
      const found = find(table, { name: `n${name}.example` })
      if (found !== undefined) expect(found).toEqual(model.get(name))
    } else model.set(name, put(table, { name: `n${name}.example` }, 60 + next(2000)))
  }
  expect(table.size).toBeGreaterThan(10)
})

test('what is asked again and again stays, in a flood of names that are asked once', () => {
  const table = new MessageTable(50_000)
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
  const table = new MessageTable(bytes)
  for (let i = 0; i < 20_000; i++) put(table, { name: `n${i}.example` }, 100)
  // 64 of the record, 100 and 8 of the reply, 20 of the template, on whole lines; 8 for its slots.
  expect(table.size).toBeGreaterThan((bytes / (192 + 16)) * 0.9)
})

test('names chosen to share a set push out only each other', () => {
  const table = new MessageTable(1_000_000)
  const mine = put(table, { name: 'mine.example' })
  const set = (name: string): number => hashOf({ name }) & 0xff
  const chosen = Array.from({ length: 100_000 }, (_, i) => `x${i}.example`).filter((name) => set(name) === 8)
  expect(set('mine.example')).not.toBe(8)
  expect(chosen.length).toBeGreaterThan(200)
  for (const name of chosen) put(table, { name })
  expect(find(table, { name: 'mine.example' })).toEqual(mine)
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
