// A fault of the lane itself, made by a policy check that throws: it is told, and answers go on.
import { expect, test } from 'vitest'
import { type Prefix, parsePrefix } from '../../../src/base/address.ts'
import type { Query } from '../../../src/base/question.ts'
import type { Reply } from '../../../src/base/reply.ts'
import { BatchWriter } from '../../../src/journal/batch.ts'
import { Answerer } from '../../../src/pipeline/answer.ts'
import { Clients } from '../../../src/pipeline/clients.ts'
import { Cookies, secretsFrom } from '../../../src/pipeline/cookies.ts'
import { EdnsReplies, noOptionCounts } from '../../../src/pipeline/edns.ts'
import { FastLane } from '../../../src/pipeline/fast-lane.ts'
import { NO_LIMITS } from '../../../src/pipeline/limits.ts'
import { scanMessage } from '../../../src/wire/scan-message.ts'
import { SETTINGS, TestClock } from '../../support/in-memory.ts'
import { queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

function house() {
  const clock = new TestClock()
  const faults: unknown[] = []
  let broken = false
  const lane = new FastLane(
    65_536,
    1232,
    () => {
      if (broken) throw new Error('the lane is broken')
      return true
    },
    noOptionCounts(),
  )
  const pipeline = ({ name }: Query): Reply => {
    if (name === 'unwritable.example')
      return {
        get body(): never {
          throw new Error('nothing to write')
        },
      } as unknown as Reply
    const packet = responsePacket({
      questions: [{ type: 'A', name }],
      answers: [{ type: 'A', name, ttl: 300, data: '192.0.2.1' }],
    })
    const scanned = scanMessage(packet)
    if ('malformed' in scanned) throw new Error(scanned.malformed)
    return {
      rcode: 0,
      body: { kind: 'wire', message: scanned.message, since: 0 },
      outcome: { kind: 'cached' },
      reusable: 300,
    }
  }
  const cookies = new Cookies(secretsFrom(new Uint8Array(32)))
  const answerer = new Answerer({
    pipeline,
    lane,
    journal: new BatchWriter(() => {}),
    clock,
    edns: new EdnsReplies(SETTINGS.edns, cookies, clock),
    limits: NO_LIMITS,
    outside: { asked: 0 },
    udpSize: 1232,
    onFault: (fault) => faults.push(fault),
  })
  const client = new Clients([parsePrefix('0.0.0.0/0') as Prefix]).of('192.168.1.5')
  const ask = (name: string): unknown => {
    let data: unknown
    answerer.answerOne(queryPacket(name), client, 'udp', (reply) => {
      data = (readPacket(Buffer.from(reply)).answers?.[0] as { data?: unknown } | undefined)?.data
    })
    return data
  }
  return { ask, lane, faults, break: () => (broken = true), mend: () => (broken = false) }
}

test('a fault in the lane is told, costs what the lane remembers, and no answer', () => {
  const { ask, lane, faults, break: breakIt, mend } = house()
  expect(ask('www.example')).toBe('192.0.2.1')
  expect(lane.size).toBe(1)
  lane.repolicy()
  breakIt()
  expect(ask('www.example')).toBe('192.0.2.1')
  expect(faults).toEqual([new Error('the lane is broken')])
  // Forgotten, answered by the pipeline, and remembered again.
  expect(lane.size).toBe(1)
  mend()
  expect(ask('www.example')).toBe('192.0.2.1')
  expect(faults).toHaveLength(1)
})

test('an answer that cannot be written is told, and the next one goes out', () => {
  const { ask, faults } = house()
  expect(ask('unwritable.example')).toBeUndefined()
  expect(faults).toEqual([new Error('nothing to write')])
  expect(ask('www.example')).toBe('192.0.2.1')
})
