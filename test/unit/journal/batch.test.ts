import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressFromBytes } from '../../../src/base/address.ts'
import { Moment } from '../../../src/base/clock.ts'
import { wireFromName } from '../../../src/base/name.ts'
import { CLASS, type Query, TRANSPORTS, type TransportKind } from '../../../src/base/question.ts'
import type { Reply } from '../../../src/base/reply.ts'
import {
  BATCH_BYTES,
  type Batch,
  BatchReader,
  BatchWriter,
  type EntryClient,
  MAX_OUTSTANDING,
} from '../../../src/journal/batch.ts'
import type { Entry } from '../../../src/journal/entry.ts'
import { TEMPLATE_MAX, writeTemplate } from '../../../src/journal/template.ts'

const clientOf = (number: number): EntryClient => ({
  number,
  bytes:
    number % 3 === 0
      ? Uint8Array.of(10, 0, number >> 8, number)
      : Uint8Array.of(0xfd, ...Array(13).fill(0), number >> 8, number),
})

function templateFor(name: string, group = 0): Uint8Array {
  const query = { name, wire: wireFromName(name), type: 1, class: CLASS.IN, group } as unknown as Query
  const reply: Reply = {
    rcode: 0,
    body: {
      kind: 'own',
      answers: [
        { kind: 'A', name, ttl: name.length, address: '192.0.2.1' },
        { kind: 'AAAA', name, ttl: 7, address: '2001:db8::1' },
      ],
      authority: [],
      authoritative: true,
    },
    outcome: { kind: 'local' },
    reusable: 1,
  }
  const template = new Uint8Array(TEMPLATE_MAX)
  return template.slice(0, writeTemplate(template, query, reply))
}

/** What the lane keeps for one answer: its template in bytes, its standing in words. */
function keep(name: string) {
  const template = templateFor(name)
  return { name, template, words: new Int32Array(4).fill(-1), bytes: template }
}

const at = (ms: number): Moment => new Moment().take({ now: () => ms, ticks: () => ms })

const nameOf = (number: number): string => `n${number}.example`

/** What was noted, by who, what and how; and how often. */
const summed = (entries: Iterable<Pick<Entry, 'client' | 'name' | 'transport' | 'lane' | 'count'>>) => {
  const sums: Record<string, number> = {}
  for (const { client, name, transport, lane, count } of entries) {
    const key = `${client} ${name} ${transport} ${lane}`
    sums[key] = (sums[key] ?? 0) + count
  }
  return sums
}

const step = fc.record({
  kind: fc.constantFrom('append', 'repeat', 'repeat', 'repeat', 'flush'),
  client: fc.nat(2100),
  name: fc.nat(40),
  transport: fc.constantFrom(...TRANSPORTS),
})

test('what is written is read, however often it comes, whoever asks, and wherever a batch ends', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const batches: Batch[] = []
      const writer = new BatchWriter((batch) => batches.push(batch))
      const kept = Array.from({ length: 41 }, (_, i) => keep(nameOf(i)))
      const expected: Pick<Entry, 'client' | 'name' | 'transport' | 'lane' | 'count'>[] = []
      for (const [i, { kind, client: number, name, transport }] of steps.entries()) {
        if (kind === 'flush') {
          writer.flush()
          continue
        }
        const client = clientOf(number)
        const one = kept[name] as (typeof kept)[number]
        if (kind === 'append') writer.append(one.template, one.template.length, client, 1000 + i, i, transport)
        else writer.repeat(one, 0, 0, one.template.length, client, at(1000 + i), transport)
        expected.push({
          client: addressFromBytes(client.bytes),
          name: one.name,
          transport,
          lane: kind === 'repeat',
          count: 1,
        })
      }
      writer.flush()
      const reader = new BatchReader()
      const read: Entry[] = []
      for (const batch of batches) reader.read(batch, (entry) => read.push(entry))
      expect(summed(read)).toEqual(summed(expected))
      for (const { name, handOuts, type, outcome } of read) {
        expect({ handOuts, type, outcome }).toEqual({
          type: 1,
          outcome: { kind: 'local' },
          handOuts: [
            { address: '192.0.2.1', ttl: name.length },
            { address: '2001:db8::1', ttl: 7 },
          ],
        })
      }
    }),
  )
})

test('numbers that are given anew mean the new thing: more answers repeat than the reader can remember', () => {
  const batches: Batch[] = []
  const writer = new BatchWriter((batch) => batches.push(batch))
  const reader = new BatchReader()
  const counts = new Map<string, number>()
  const client = clientOf(3)
  const kept = Array.from({ length: 20_000 }, (_, i) => keep(nameOf(i)))
  for (let round = 0; round < 3; round++) {
    for (const one of kept) writer.repeat(one, 0, 0, one.template.length, client, at(round), 'udp')
    writer.flush()
    for (const batch of batches.splice(0)) {
      reader.read(batch, ({ name, count }) => counts.set(name, (counts.get(name) ?? 0) + count))
      writer.acknowledge(batch.length, batch.buffer)
    }
  }
  expect(counts.size).toBe(kept.length)
  expect([...counts.values()].every((count) => count === 3)).toBe(true)
})

test('combinations of groups are said once, in the order of their numbers, and called by these', () => {
  const batches: Batch[] = []
  const combinations: string[][] = [['default']]
  const writer = new BatchWriter(
    (batch) => batches.push(batch),
    (number) => combinations.slice(number),
  )
  const append = (group: number): void => {
    const template = templateFor('a.example', group)
    writer.append(template, template.length, clientOf(1), 0, 0, 'udp')
  }
  append(0)
  writer.flush()
  while (combinations.length < 2 ** 16) combinations.push([`g${combinations.length}`])
  append(0)
  append(1)
  append(2 ** 16 - 1)
  writer.flush()
  append(1)
  writer.flush()
  expect(batches.map(({ groups }) => groups.length)).toEqual([1, 2 ** 16 - 1, 0])
  const reader = new BatchReader()
  const read: (readonly string[])[] = []
  for (const batch of batches) reader.read(batch, ({ groups }) => read.push(groups))
  expect(read).toEqual([['default'], ['default'], ['g1'], ['g65535'], ['g1']])
})

test('an answer that is repeated costs its name once; after that 24 bytes a batch', () => {
  const batches: Batch[] = []
  const writer = new BatchWriter((batch) => batches.push(batch))
  const one = keep('a.long.name.that.is.not.said.twice.example')
  for (let i = 0; i < 3; i++) {
    for (let k = 0; k < 100; k++) writer.repeat(one, 0, 0, one.template.length, clientOf(1), at(i), 'udp')
    writer.flush()
  }
  expect(batches.map(({ length }) => length)).toEqual([24 + 16 + Math.ceil(one.template.length / 4) * 4, 24, 24])
})

test('what does not fit on its way is dropped and counted by outcome, and the reader is not confused by it', () => {
  const batches: Batch[] = []
  const writer = new BatchWriter((batch) => batches.push(batch))
  const reader = new BatchReader()
  const client = clientOf(1)
  const transport: TransportKind = 'udp'
  let sent = 0
  while (sent < MAX_OUTSTANDING + 2 * BATCH_BYTES) {
    const template = templateFor(nameOf(sent))
    writer.append(template, template.length, client, 0, 0, transport)
    sent += 24 + template.length
  }
  const one = keep('late.example')
  writer.repeat(one, 0, 0, one.template.length, client, at(0), transport)
  for (const batch of batches.splice(0)) {
    reader.read(batch, () => {})
    writer.acknowledge(batch.length, batch.buffer)
  }
  writer.flush()
  writer.repeat(one, 0, 0, one.template.length, client, at(0), transport)
  writer.flush()
  const lost = batches.flatMap((batch) => batch.lost).reduce((sum, count) => sum + count, 0)
  expect(lost).toBeGreaterThan(0)
  const names: string[] = []
  for (const batch of batches) reader.read(batch, ({ name }) => names.push(name))
  expect(names).toContain('late.example')
})
