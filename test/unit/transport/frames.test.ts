import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Frames } from '../../../src/transport/frames.ts'
import { QUERY_MAX } from '../../../src/transport/udp.ts'

const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message])

/** A message of this size that is told from others, with QR clear. */
const message = (size: number, mark: number): Buffer => Buffer.alloc(size, mark & 0x7f)

function drain(frames: Frames): (Uint8Array | 'junk')[] {
  const found: (Uint8Array | 'junk')[] = []
  for (let next = frames.next(); next !== undefined; next = frames.next()) {
    found.push(next)
    if (next === 'junk') break
  }
  return found
}

describe('a stream of messages', () => {
  test('is taken apart the same way in whatever pieces it comes', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 12, max: 600 }), fc.integer({ min: 4000, max: 5000 })), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(
        sizes,
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
        fc.boolean(),
        (all, cuts, eager) => {
          const messages = all.map((size, i) => message(size, i))
          const stream = Buffer.concat(messages.map(framed))
          const frames = new Frames()
          const found: (Uint8Array | 'junk')[] = []
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] as number
            frames.push(stream.subarray(at, at + size))
            at += size
            if (eager) found.push(...drain(frames))
          }
          found.push(...drain(frames))
          expect(found.map((one) => Buffer.from(one as Uint8Array))).toEqual(
            messages.map((one) => (one.length > QUERY_MAX ? one.subarray(0, 12) : one)),
          )
          expect(frames.isPartial).toBe(false)
        },
      ),
    )
  })

  test('byte by byte of the longest message keeps only what is needed, and takes no time to speak of', () => {
    const frames = new Frames()
    const found: (Uint8Array | 'junk')[] = []
    for (const byte of Buffer.concat([framed(message(65_535, 1)), framed(message(12, 2))])) {
      frames.push(Uint8Array.of(byte))
      found.push(...drain(frames))
    }
    expect(found.map((one) => one.length)).toEqual([12, 12])
  })

  test('says whether a message has begun', () => {
    const frames = new Frames()
    expect(frames.isPartial).toBe(false)
    const bytes = framed(message(12, 1))
    for (let i = 0; i < bytes.length - 1; i++) {
      frames.push(bytes.subarray(i, i + 1))
      expect(frames.next()).toBeUndefined()
      expect(frames.isPartial).toBe(true)
    }
    frames.push(bytes.subarray(-1))
    expect(frames.next()).toHaveLength(12)
    expect(frames.isPartial).toBe(false)
  })

  test.each([
    ['no bytes at all', Buffer.alloc(0)],
    ['less than a header', message(11, 0)],
    ['a response', Buffer.alloc(12, 0x80)],
  ])('with %s in it is junk', (_what, bytes) => {
    const frames = new Frames()
    frames.push(framed(bytes))
    expect(frames.next()).toBe('junk')
  })
})
