import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_LINE } from '../../../src/intake/lines.ts'
import { SyslogFrames } from '../../../src/intake/sources/syslog-frames.ts'

const read = (bytes: Uint8Array, cuts: readonly number[] = []) => {
  const lines: string[] = []
  const overlong: string[] = []
  const frames = new SyslogFrames({ line: (text) => lines.push(text), overlong: (text) => overlong.push(text) })
  const at = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < at.length; i++) frames.push(bytes.subarray(at[i - 1], at[i]))
  frames.end()
  return { lines, overlong }
}
const counted = (message: string): string => `${Buffer.byteLength(message)} ${message}`

describe('messages in a TCP stream', () => {
  test('with a count end where it says, so that a newline inside makes two lines of one message', () => {
    const stream = counted('<4>first') + counted('<4>second\nhalf') + counted('<4>Straße')
    expect(read(Buffer.from(stream)).lines).toEqual(['<4>first', '<4>second', 'half', '<4>Straße'])
  })

  test('without a count end at the newline, and both kinds may follow one another', () => {
    const stream = `<4>one\n${counted('<4>two')}<4>three\n${counted('<4>four')}\n<4>five`
    expect(read(Buffer.from(stream)).lines).toEqual(['<4>one', '<4>two', '<4>three', '<4>four', '<4>five'])
  })

  test('that begin with digits but have no PRI behind a space are lines', () => {
    const stream = '2026-03-23T13:16:49Z gw kernel: x\n2026 Mar 23\n12\n1234567 <4>x\n0 <4>y\n99'
    expect(read(Buffer.from(stream)).lines).toEqual([
      '2026-03-23T13:16:49Z gw kernel: x',
      '2026 Mar 23',
      '12',
      '1234567 <4>x',
      '0 <4>y',
      '99',
    ])
  })

  test('come out the same however the stream is chopped', () => {
    const stream = Buffer.from(
      `<4>one\n${counted('<4>zwei ü\nx')}17 apples\n${counted('<4>three')}\n\n2026-03-23T13:16:49Z four\n${counted('<4>five')}12`,
    )
    const whole = read(stream)
    expect(whole.lines).toHaveLength(8)
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        expect(read(stream, cuts)).toEqual(whole)
      }),
    )
  })

  test('longer than a line may be are skipped, by their count or to their newline', () => {
    const long = `<4>${'x'.repeat(MAX_LINE)}`
    const { lines, overlong } = read(Buffer.from(`${counted(long)}${counted('<4>a')}${long}\n<4>b\n`))
    expect(lines).toEqual(['<4>a', '<4>b'])
    expect(overlong).toHaveLength(2)
  })

  test('that were announced but never sent in full end with the stream', () => {
    expect(read(Buffer.from('500 <4>half of it')).lines).toEqual(['<4>half of it'])
  })
})
