import { describe, expect, test } from 'vitest'
import { RCODE, TYPE } from '../../../src/base/question.ts'
import type { Reply } from '../../../src/base/reply.ts'
import { resolveName } from '../../../src/pipeline/own-question.ts'

const answer = (type: number, name: string, outcome: Reply['outcome']): Reply => ({
  rcode: RCODE.NOERROR,
  body: {
    kind: 'own',
    answers: [
      type === TYPE.A
        ? { kind: 'A', name, ttl: 60, address: '192.0.2.7' }
        : { kind: 'AAAA', name, ttl: 60, address: '2001:db8::7' },
    ],
    authority: [],
    authoritative: false,
  },
  outcome,
  reusable: 0,
})

describe("a question of the server's own", () => {
  test('gets both kinds of addresses, as a device of this machine does', async () => {
    const asked: string[] = []
    const resolved = await resolveName(
      (query) => {
        asked.push(`${query.client} ${query.name} ${query.type}`)
        return answer(query.type, query.name, { kind: 'cached' })
      },
      'lists.example',
      0,
    )
    expect(resolved).toEqual({ addresses: ['192.0.2.7', '2001:db8::7'], blocked: false })
    expect(asked).toEqual(['127.0.0.1 lists.example 1', '127.0.0.1 lists.example 28'])
  })

  test('is told when the house blocks the name', async () => {
    const blocked = { kind: 'blocked', list: 0, line: 1 } as Reply['outcome']
    const resolved = await resolveName(({ type, name }) => answer(type, name, blocked), 'lists.example', 0)
    expect(resolved).toEqual({ addresses: [], blocked: true })
  })

  test('gets nothing for what is no name, or where the pipeline fails', async () => {
    expect(await resolveName(() => Promise.reject(new Error('x')), 'lists.example', 0)).toEqual({
      addresses: [],
      blocked: false,
    })
    expect((await resolveName(() => Promise.reject(new Error('x')), 'a..b', 0)).addresses).toEqual([])
  })
})
