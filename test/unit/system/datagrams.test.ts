// The boxes of datagrams against a system that does as it is told and reads their memory as C would.
import { describe, expect, test } from 'vitest'
import { BATCH, DATAGRAM_MAX, Inbox, Outbox } from '../../../src/system/datagrams.ts'
import { LINUX, type Libc } from '../../../src/system/libc.ts'
import { IPV4, IPV6, makeName, portOf } from '../../../src/system/socket-address.ts'

interface Sent {
  readonly fd: number
  readonly name: Uint8Array
  readonly data: Uint8Array
}

/** What the system does with a call: takes so many datagrams, or fails with an error number. */
type Answer = { readonly take: number } | { readonly fail: number }

/** A system whose memory begins at `base`; `answers` are given to one call after the other, and then all is taken. */
function scripted({ base = 0x7f12_3456_7000, answers = [] as Answer[], arriving = [] as Sent[][] } = {}) {
  const memories: { readonly from: number; readonly bytes: Uint8Array }[] = []
  const sent: Sent[] = []
  let calls = 0
  let errno = 0
  const at = (pointer: number, size: number): Uint8Array => {
    const memory = memories.find(({ from, bytes }) => pointer >= from && pointer + size <= from + bytes.length)
    if (memory === undefined) throw new Error(`segmentation fault at ${pointer}`)
    return memory.bytes.subarray(pointer - memory.from, pointer - memory.from + size)
  }
  const view = (pointer: number, size: number): DataView => {
    const { buffer, byteOffset } = at(pointer, size)
    return new DataView(buffer, byteOffset, size)
  }
  const u64 = (from: DataView, offset: number): number => Number(from.getBigUint64(offset, true))
  /** struct mmsghdr, 64 bytes. */
  const header = (pointer: number) => {
    const fields = view(pointer, 64)
    expect(u64(fields, 24)).toBe(1)
    expect([u64(fields, 32), u64(fields, 40)]).toEqual([0, 0])
    const iovec = view(u64(fields, 16), 16)
    return {
      fields,
      name: at(u64(fields, 0), fields.getUint32(8, true)),
      data: at(u64(iovec, 0), u64(iovec, 8)),
    }
  }
  const unused = () => expect.unreachable()
  const libc: Libc = {
    socket: unused,
    setsockopt: unused,
    bind: unused,
    connect: unused,
    getsockname: unused,
    send: unused,
    watch: unused,
    poll: unused,
    loop: undefined,
    close: unused,
    interfaceIndex: unused,
    madvise: unused,
    mallocTrim: unused,
    sched_setscheduler: unused,
    sched_setattr: unused,
    gettid: unused,
    errno: () => errno,
    pointer: (memory) => {
      const from = base + memories.reduce((sum, { bytes }) => sum + bytes.length, 0)
      memories.push({ from, bytes: new Uint8Array(memory) })
      return from
    },
    sendmmsg: (fd, headers, count) => {
      calls++
      const answer = answers.shift() ?? { take: count }
      if ('fail' in answer) {
        errno = answer.fail
        return -1
      }
      for (let i = 0; i < answer.take; i++) {
        const { name, data } = header(headers + 64 * i)
        sent.push({ fd, name: name.slice(), data: data.slice() })
      }
      return answer.take
    },
    recvmmsg: (_fd, headers, count, flags) => {
      expect(flags).toBe(LINUX.MSG_DONTWAIT)
      const batch = arriving.shift()
      if (batch === undefined) return -1
      batch.slice(0, count).forEach((datagram, i) => {
        const { fields, name, data } = header(headers + 64 * i)
        expect(name).toHaveLength(32)
        name.set(datagram.name)
        fields.setUint32(8, datagram.name.length, true)
        data.set(datagram.data.subarray(0, data.length))
        fields.setUint32(48, datagram.data.length > data.length ? LINUX.MSG_TRUNC : 0, true)
        fields.setUint32(56, Math.min(datagram.data.length, data.length), true)
      })
      return Math.min(batch.length, count)
    },
  }
  return { libc, sent, calls: () => calls }
}

const NAMES = [
  ['IPv4', IPV4, Uint8Array.of(192, 0, 2, 7)],
  ['IPv6', IPV6, Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9)],
] as const

/** The bytes of a socket address, no more than the system reads. */
const nameBytes = (words: Uint32Array, size: number): Uint8Array => new Uint8Array(words.buffer, 0, size)

describe.each(NAMES)('the outbox for %s', (_name, family, address) => {
  const reply = (i: number, size = 30 + (i % 50)): Uint8Array => new Uint8Array(size).fill(i + 1)
  const fill = (outbox: Outbox, count: number, size?: number) =>
    Array.from({ length: count }, (_, i) => {
      const data = reply(i, size)
      const name = makeName(family, address, 1000 + i, 3)
      outbox.bytes.set(data, outbox.at)
      outbox.add(data.length, name, 0)
      return { fd: 5, name: nameBytes(name, family.size), data }
    })
  const never = () => expect.unreachable()

  test.each([0x7f12_3456_7000, 2 ** 32 - 3000, 2 ** 32 - 64, 4096])(
    'sends each reply to its own address, with its memory at %i',
    (base) => {
      const { libc, sent, calls } = scripted({ base })
      const outbox = new Outbox(libc, family.size)
      for (let round = 0; round < 3; round++) {
        const expected = fill(outbox, 100)
        expect(outbox.flush(5, never)).toBe(0)
        expect(sent.splice(0)).toEqual(expected)
        expect(outbox.isEmpty).toBe(true)
      }
      expect(calls()).toBe(3)
    },
  )

  test('goes on where the system stopped', () => {
    const { libc, sent, calls } = scripted({ answers: [{ take: 1 }, { take: 40 }] })
    const outbox = new Outbox(libc, family.size)
    const expected = fill(outbox, 100)
    expect(outbox.flush(5, never)).toBe(0)
    expect(sent).toEqual(expected)
    expect(calls()).toBe(3)
  })

  test('passes over what the system refuses, and counts it', () => {
    const [EINVAL, ENETUNREACH] = [22, 101]
    const { libc, sent } = scripted({ answers: [{ take: 2 }, { fail: EINVAL }, { take: 3 }, { fail: ENETUNREACH }] })
    const outbox = new Outbox(libc, family.size)
    const expected = fill(outbox, 10)
    expect(outbox.flush(5, never)).toBe(2)
    expect(sent).toEqual(expected.filter((_, i) => i !== 2 && i !== 6))
  })

  test('asks once for each reply, not more, when the system refuses all', () => {
    const { libc, sent, calls } = scripted({ answers: Array.from({ length: 1000 }, () => ({ fail: 1 })) })
    const outbox = new Outbox(libc, family.size)
    fill(outbox, 128)
    expect(outbox.flush(5, never)).toBe(128)
    expect([sent.length, calls()]).toEqual([0, 128])
  })

  test('hands over what the system has no room for', () => {
    const { libc, sent } = scripted({ base: 2 ** 32 - 3000, answers: [{ take: 4 }, { fail: LINUX.EAGAIN }] })
    const outbox = new Outbox(libc, family.size)
    const expected = fill(outbox, 10)
    const late: Sent[] = []
    const take = (data: Uint8Array, words: Uint32Array) => {
      const name = nameBytes(words, family.size)
      expect(portOf(name, 0)).toBe(1004 + late.length)
      late.push({ fd: 5, name, data })
    }
    expect(outbox.flush(5, take)).toBe(0)
    expect([...sent, ...late]).toEqual(expected)
    expect(late).toHaveLength(6)
    expect(outbox.isEmpty).toBe(true)
  })

  test('is full before the next reply could run over its end', () => {
    const { libc, sent } = scripted()
    const outbox = new Outbox(libc, family.size)
    let largest = 0
    while (!outbox.isFull) {
      expect(outbox.at + DATAGRAM_MAX).toBeLessThanOrEqual(outbox.bytes.length)
      largest += fill(outbox, 1, DATAGRAM_MAX).length
    }
    outbox.flush(5, never)
    let smallest = 0
    while (!outbox.isFull) smallest += fill(outbox, 1, 12).length
    outbox.flush(5, never)
    expect(sent).toHaveLength(largest + smallest)
    expect(largest).toBeGreaterThanOrEqual(8)
    expect(smallest).toBeGreaterThan(BATCH)
  })
})

describe.each(NAMES)('the inbox for %s', (_name, family, address) => {
  const datagram = (i: number, size = 17 + i): Sent => ({
    fd: 5,
    name: nameBytes(makeName(family, address, 1000 + i, 3), family.size),
    data: new Uint8Array(size).fill(i + 1),
  })

  test.each([0x7f12_3456_7000, 2 ** 32 - 3000])(
    'shows each datagram with its sender, with its memory at %i',
    (base) => {
      const batches = [
        [datagram(1)],
        Array.from({ length: BATCH }, (_, i) => datagram(i)),
        [datagram(7), datagram(0, 0)],
      ]
      const { libc } = scripted({ base, arriving: structuredClone(batches) })
      const inbox = new Inbox(libc)
      for (const batch of batches) {
        expect(inbox.receive(5)).toBe(batch.length)
        batch.forEach(({ data, name }, i) => {
          expect(inbox.bytes.subarray(inbox.at(i), inbox.at(i) + inbox.length(i))).toEqual(data)
          expect(inbox.bytes.subarray(4 * inbox.nameAt(i), 4 * inbox.nameAt(i) + family.size)).toEqual(name)
          expect(portOf(inbox.bytes, 4 * inbox.nameAt(i))).toBe(portOf(name, 0))
          expect(inbox.isCut(i)).toBe(false)
        })
      }
      expect(inbox.receive(5)).toBe(0)
    },
  )

  test('says which datagrams were cut', () => {
    const sizes = [DATAGRAM_MAX, DATAGRAM_MAX + 1, 12, 65_507]
    const { libc } = scripted({ arriving: [sizes.map((size, i) => datagram(i, size))] })
    const inbox = new Inbox(libc)
    expect(inbox.receive(5)).toBe(4)
    expect(sizes.map((_, i) => inbox.isCut(i))).toEqual([false, true, false, true])
    expect(sizes.map((_, i) => inbox.length(i))).toEqual([DATAGRAM_MAX, DATAGRAM_MAX, 12, DATAGRAM_MAX])
    // Each kept to its own room.
    expect(inbox.bytes[inbox.at(2)]).toBe(3)
  })
})
