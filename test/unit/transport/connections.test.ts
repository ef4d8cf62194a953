import { describe, expect, test } from 'vitest'
import {
  type Connection,
  type ConnectionBounds,
  Connections,
  STREAM_BOUNDS,
} from '../../../src/transport/connections.ts'
import { TestClock } from '../../support/in-memory.ts'

function house(bounds: Partial<ConnectionBounds> = {}) {
  const clock = new TestClock()
  const connections = new Connections({ most: 10, perClient: 3, idle: 30_000, ...bounds }, clock)
  const ends: string[] = []
  const dial = (client: string, many = false): Connection | undefined => {
    const connection = connections.admit(
      'tcp',
      client,
      {
        end: () => void ends.push(`end ${client}`),
        destroy: () => {
          ends.push(`destroy ${client}`)
          if (connection !== undefined) connections.leave(connection)
        },
      },
      many,
    )
    return connection
  }
  const dialled = (client: string): Connection => dial(client) as Connection
  const ask = (connection: Connection): void => {
    connection.asked()
    connection.answered()
  }
  return { clock, connections, ends, dial, dialled, ask, figures: connections.figures.tcp }
}

describe('connections', () => {
  test('of one client are bounded: its own longest quiet one makes room, and where none is quiet the new one is refused', () => {
    const { clock, dial, dialled, ends, figures } = house()
    const first = dialled('a')
    dialled('a')
    dialled('a')
    expect(dial('a')).toBeUndefined()
    expect(figures).toMatchObject({ open: 3, accepted: 3, refused: 1, displaced: 0 })
    clock.advance(STREAM_BOUNDS.quiet)
    first.asked()
    expect(dial('a')).toBeDefined()
    expect(ends).toEqual(['destroy a'])
    expect(figures).toMatchObject({ open: 3, displaced: 1 })
    expect(first.inFlight).toBe(1)
    expect(dial('b')).toBeDefined()
  })

  test('in all are bounded: whoever has been quiet for longest makes room', () => {
    const { clock, connections, dial, dialled, ends, ask } = house()
    const all = Array.from({ length: 10 }, (_, i) => dialled(`c${i}`))
    expect(dial('new')).toBeUndefined()
    clock.advance(STREAM_BOUNDS.quiet)
    ask(all[0] as Connection)
    expect(dial('new')).toBeDefined()
    expect(ends).toEqual(['destroy c1'])
    expect(connections.size).toBe(10)
  })

  test('that wait for an answer are never let go for being idle, and never make room', () => {
    const { clock, connections, dial, dialled, ends } = house({ most: 1 })
    const busy = dialled('a')
    busy.asked()
    clock.advance(10 * 60_000)
    connections.sweep()
    expect(dial('b')).toBeUndefined()
    expect(ends).toEqual([])
    busy.answered()
    clock.advance(30_000)
    connections.sweep()
    expect(ends).toEqual(['end a'])
  })

  test('are closed when idle: politely first, and then for good', () => {
    const { clock, connections, dialled, ends, ask, figures } = house()
    ask(dialled('a'))
    clock.advance(29_999)
    connections.sweep()
    expect(ends).toEqual([])
    clock.advance(1)
    connections.sweep()
    expect(ends).toEqual(['end a'])
    connections.sweep()
    expect(ends).toEqual(['end a', 'destroy a'])
    expect(figures).toMatchObject({ open: 0, timedOut: 1 })
  })

  test('whose message takes too long are closed, however often a byte of it comes (slow loris)', () => {
    const { clock, connections, dialled, ends, ask } = house()
    dialled('silent')
    const slow = dialled('slow')
    ask(slow)
    for (let i = 0; i < 10; i++) {
      slow.began()
      clock.advance(STREAM_BOUNDS.message / 10)
      connections.sweep()
    }
    expect(ends).toEqual(['end silent', 'end slow'])
  })

  test('of a proxy count for those behind it', () => {
    const { connections, dial } = house()
    const all = Array.from({ length: 5 }, () => dial('proxy', true) as Connection)
    const taken = all.map((connection) => connections.assign(connection, '192.0.2.9'))
    expect(taken).toEqual([true, true, true, false, false])
  })

  test('are counted exactly, whatever comes and goes', () => {
    const { connections, dialled, dial } = house()
    const one = dialled('a')
    connections.leave(one)
    connections.leave(one)
    one.fault()
    expect(connections.figures.tcp).toMatchObject({ open: 0, accepted: 1 })
    for (let i = 0; i < 3; i++) expect(dial('a')).toBeDefined()
    expect(dial('a')).toBeUndefined()
  })
})
