import { describe, expect, test } from 'vitest'
import type { WireMessage } from '../../../src/base/reply.ts'
import { readRecords } from '../../../src/wire/read-records.ts'
import { scanMessage } from '../../../src/wire/scan-message.ts'
import { responsePacket } from '../../support/packets.ts'

const QUESTION = { type: 'A', name: 'www.example' } as const

describe('the records of a message', () => {
  test('are read with every name written out', () => {
    const scanned = scanMessage(
      responsePacket({
        questions: [QUESTION],
        answers: [
          { type: 'CNAME', name: 'www.example', ttl: 300, data: 'web.example' },
          { type: 'A', name: 'web.example', ttl: 60, data: '192.0.2.1' },
        ],
      }),
    )
    if ('malformed' in scanned) throw new Error(scanned.malformed)
    expect(readRecords(scanned.message)).toEqual({
      answers: [
        { kind: 'CNAME', name: 'www.example', ttl: 300, target: 'web.example' },
        { kind: 'A', name: 'web.example', ttl: 60, address: '192.0.2.1' },
      ],
      authority: [],
    })
  })

  const message = (hex: string, answers = 1): WireMessage => {
    const head = Buffer.from(
      `0000818000010000000000000377777707${Buffer.from('example').toString('hex')}0000010001`,
      'hex',
    )
    head.writeUInt16BE(answers, 6)
    const bytes = Buffer.concat([head, Buffer.from(hex, 'hex')])
    return { bytes, questionEnd: head.length } as never
  }
  const HEAD = 'c00c000f00010000012c'
  test.each([
    ['a record that is cut', 'c00c'],
    ['data that is cut', `${HEAD}0006000a`],
    ['a pointer forward', `${HEAD}0004000ac0ff`],
    ['a pointer to itself', `${HEAD}0004000ac02b`],
    ['a pointer into the header', `${HEAD}0004000ac000`],
    ['half a pointer', `${HEAD}0003000ac0`],
    ['a label that leaves the data', `${HEAD}0004000a3f41`],
    ['a reserved label type', `${HEAD}0004000a8041`],
  ])('with %s are not read, and nothing throws', (_, hex) => {
    expect(readRecords(message(hex))).toBeUndefined()
  })
})
