// The sources of firewall reports over real sockets and real files.
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { appendFile, type FileHandle, mkdir, mkdtemp, open, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Prefix, prefixes } from '../../src/base/address.ts'
import { Intake, type SourceHealth } from '../../src/intake/intake.ts'
import { type Follower, followFile } from '../../src/intake/sources/follow-file.ts'
import type { Listener, ListenerOptions } from '../../src/intake/sources/listener.ts'
import { listenSyslogTcp, type SyslogTcpOptions } from '../../src/intake/sources/syslog-tcp.ts'
import { listenSyslogUdp } from '../../src/intake/sources/syslog-udp.ts'
import { utc } from '../../src/intake/zone.ts'

const LOOPBACK = prefixes('127.0.0.0/8', '::1/128')
const NOBODY = prefixes('203.0.113.0/24')
const packet = (port: number): string =>
  `FW: IN=eth1 OUT=eth0 SRC=192.168.0.55 DST=203.0.113.9 LEN=60 PROTO=UDP SPT=4 DPT=${port} LEN=9`

const setUp = () => {
  const ports: (number | undefined)[] = []
  const clock = { now: () => Date.now(), ticks: () => performance.now() }
  const intake = new Intake({ clock, zone: utc, onReport: ({ dport }) => ports.push(dport), live: true })
  const health = (source: string): SourceHealth | undefined => intake.health.find((entry) => entry.source === source)
  return { intake, ports, health }
}
const soon = { timeout: 10_000, interval: 10 }

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** The listener, closed after the test. */
const started = async (listening: Promise<Listener | { code: string }>): Promise<Listener> => {
  const listener = await listening
  if (!('close' in listener)) throw new Error(JSON.stringify(listener))
  closing.push(() => listener.close())
  return listener
}

describe('syslog over UDP', () => {
  const listen = (intake: Intake, address = '127.0.0.1', allowFrom: readonly Prefix[] = LOOPBACK): Promise<Listener> =>
    started(listenSyslogUdp({ intake, endpoint: { address, port: 0 }, allowFrom }))

  const send = (messages: (string | Uint8Array)[], { address, port }: Listener['endpoint']): Promise<void> => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    closing.push(() => socket.close())
    return messages.reduce(
      (before, message) =>
        before.then(
          () =>
            new Promise<void>((resolve, reject) => {
              socket.send(message, port, address, (error) => (error ? reject(error) : resolve()))
            }),
        ),
      Promise.resolve(),
    )
  }

  test.each(['127.0.0.1', '::1'])('takes every line of every datagram that is sent to %s', async (address) => {
    const { intake, ports, health } = setUp()
    const { endpoint } = await listen(intake, address)
    expect(endpoint.port).toBeGreaterThan(0)
    await send(
      [`<4>${packet(1)}`, `<4>${packet(2)}\n<4>${packet(3)}\0`, 'x'.repeat(9000), '', `${packet(4)}\r\n`],
      endpoint,
    )
    await expect.poll(() => ports, soon).toEqual([1, 2, 3, 4])
    expect(health('syslog/udp')).toMatchObject({ lines: 5, reports: 4, rejected: 1, refusedSenders: 0 })
  })

  test('throws away what comes from others, and counts it', async () => {
    const { intake, health } = setUp()
    const { endpoint } = await listen(intake, '127.0.0.1', NOBODY)
    await send([packet(1), packet(2)], endpoint)
    await expect.poll(() => health('syslog/udp')?.refusedSenders, soon).toBe(2)
    expect(health('syslog/udp')).toMatchObject({ lines: 0, lastRefused: '127.0.0.1' })
  })

  test('can be listened on for both families at one port', async () => {
    const { intake, ports } = setUp()
    const four = await listen(intake, '0.0.0.0')
    const port = four.endpoint.port
    const six = await started(listenSyslogUdp({ intake, endpoint: { address: '::', port }, allowFrom: LOOPBACK }))
    await send([packet(4)], { address: '127.0.0.1', port })
    await send([packet(6)], { address: '::1', port: six.endpoint.port })
    await expect.poll(() => [...ports].sort(), soon).toEqual([4, 6])
  })
})

describe('syslog over TCP', () => {
  const listen = (intake: Intake, options: Partial<SyslogTcpOptions> = {}): Promise<Listener> =>
    started(listenSyslogTcp({ intake, endpoint: { address: '127.0.0.1', port: 0 }, allowFrom: LOOPBACK, ...options }))

  const dial = async ({ address, port }: Listener['endpoint']): Promise<Socket> => {
    const socket = connect(port, address)
    socket.on('error', () => undefined)
    closing.push(() => socket.destroy())
    await new Promise((resolve) => socket.once('connect', resolve))
    return socket
  }
  const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve).resume())
  const counted = (message: string): string => `${Buffer.byteLength(message)} ${message}`

  test('takes lines and counted messages, over packets and connections', async () => {
    const { intake, ports, health } = setUp()
    const { endpoint } = await listen(intake)
    const one = await dial(endpoint)
    const two = await dial(endpoint)
    one.write(`<4>${packet(1)}\n<4>FW: IN=eth1 OUT=`)
    await expect.poll(() => ports, soon).toEqual([1])
    two.write(counted(`<4>${packet(2)}`))
    await expect.poll(() => ports, soon).toEqual([1, 2])
    one.write(`${packet(3).slice('FW: IN=eth1 OUT='.length)}\n`)
    await expect.poll(() => ports, soon).toEqual([1, 2, 3])
    two.end(`<4>${packet(4)}`)
    await expect.poll(() => ports, soon).toEqual([1, 2, 3, 4])
    expect(health('syslog/tcp')).toMatchObject({ lines: 4, reports: 4, rejected: 0 })
  })

  test('closes connections of others unread, and counts them', async () => {
    const { intake, health } = setUp()
    const { endpoint } = await listen(intake, { allowFrom: NOBODY })
    const socket = await dial(endpoint)
    socket.write(`${packet(1)}\n`)
    await closed(socket)
    expect(health('syslog/tcp')).toMatchObject({ refusedSenders: 1, lines: 0, lastRefused: '127.0.0.1' })
  })

  test('holds no more connections than allowed, and takes new ones when old ones are gone', async () => {
    const { intake, ports, health } = setUp()
    const { endpoint } = await listen(intake, { maxConnections: 2 })
    const held = [await dial(endpoint), await dial(endpoint)]
    for (const socket of held) socket.write(`${packet(1)}\n`)
    await expect.poll(() => ports, soon).toEqual([1, 1])
    await closed(await dial(endpoint))
    expect(health('syslog/tcp')?.refusedSenders).toBe(1)
    held[0]?.destroy()
    await expect
      .poll(async () => {
        const socket = await dial(endpoint)
        socket.write(`${packet(2)}\n`)
        return ports.includes(2)
      }, soon)
      .toBe(true)
  })

  test('closes a connection that is silent for too long; half a line of it still counts', async () => {
    const { intake, health } = setUp()
    const { endpoint } = await listen(intake, { idleTimeout: 50 })
    const socket = await dial(endpoint)
    socket.write('FW: IN=eth1 OUT=eth0')
    await closed(socket)
    await expect.poll(() => health('syslog/tcp')?.rejects[0]?.line, soon).toBe('FW: IN=eth1 OUT=eth0')
  })

  test('ends its connections when it is closed', async () => {
    const { intake } = setUp()
    const listener = await listen(intake)
    const socket = await dial(listener.endpoint)
    const gone = closed(socket)
    await listener.close()
    await gone
  })
})

test.each([
  ['syslog over UDP', listenSyslogUdp],
  ['syslog over TCP', listenSyslogTcp],
] as [string, (options: ListenerOptions) => Promise<Listener | { code: string }>][])(
  '%s on a port that is taken, or an address that is not ours, is a problem with a way out',
  async (_, listen) => {
    const { intake } = setUp()
    const first = await started(listen({ intake, endpoint: { address: '127.0.0.1', port: 0 }, allowFrom: LOOPBACK }))
    expect(await listen({ intake, endpoint: first.endpoint, allowFrom: LOOPBACK })).toMatchObject({
      code: 'ASKFIRST_E_LISTEN_IN_USE',
      hint: expect.stringContaining('another port'),
    })
    expect(
      await listen({ intake, endpoint: { address: '203.0.113.1', port: 5514 }, allowFrom: LOOPBACK }),
    ).toMatchObject({
      code: 'ASKFIRST_E_LISTEN',
    })
  },
)

describe('a followed file', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-intake-'))
    path = join(folder, 'fw.log')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const line = (port: number): string => `${packet(port)}\n`
  const follow = async (intake: Intake, options: { fromStart?: boolean; poll?: number } = {}): Promise<Follower> => {
    const follower = await followFile({ intake, path, ...options })
    closing.push(() => follower.close())
    return follower
  }
  const opened = async (): Promise<FileHandle> => {
    const handle = await open(path, 'a')
    closing.push(() => handle.close())
    return handle
  }

  test('is read from its end, or from its start if that is wanted', async () => {
    const late = setUp()
    const early = setUp()
    await writeFile(path, line(1) + line(2))
    await follow(late.intake)
    await follow(early.intake, { fromStart: true })
    expect(early.ports).toEqual([1, 2])
    await appendFile(path, line(3))
    await expect.poll(() => [late.ports, early.ports], soon).toEqual([[3], [1, 2, 3]])
  })

  test('gives a line when its newline is there, also the line that was being written at the start', async () => {
    const { intake, ports, health } = setUp()
    await writeFile(path, line(1) + packet(2).slice(0, 40))
    await follow(intake)
    await appendFile(path, packet(2).slice(40))
    await appendFile(path, `\n${packet(3)}`)
    await expect.poll(() => ports, soon).toEqual([2])
    await appendFile(path, '\n')
    await expect.poll(() => ports, soon).toEqual([2, 3])
    expect(health(path)).toMatchObject({ lines: 2, rejected: 0, problem: undefined })
  })

  test('that is not there yet is waited for and read whole, even when its folder comes later', async () => {
    const { intake, ports, health } = setUp()
    path = join(folder, 'later', 'fw.log')
    await follow(intake, { poll: 20 })
    expect(health(path)?.problem).toMatchObject({ code: 'ASKFIRST_E_REPORTS', message: 'there is no such file yet' })
    await mkdir(join(folder, 'later'))
    await writeFile(path, line(1) + line(2))
    await expect.poll(() => ports, soon).toEqual([1, 2])
    await expect.poll(() => health(path)?.problem, soon).toBeUndefined()
  })

  test('that is rotated loses no line, also none that its writer still writes to the old one', async () => {
    const { intake, ports } = setUp()
    await writeFile(path, '')
    await follow(intake)
    const old = await opened()
    await old.write(line(1) + packet(2))
    await rename(path, `${path}.1`)
    await old.write('\n')
    await writeFile(path, line(4))
    await expect.poll(() => ports, soon).toEqual([1, 2, 4])
    await old.write(line(3))
    await appendFile(path, line(5))
    await expect.poll(() => [...ports].sort(), soon).toEqual([1, 2, 3, 4, 5])
  })

  test('that is rotated again and again under load loses no line and gives none twice', async () => {
    const { intake, ports } = setUp()
    await writeFile(path, '')
    await follow(intake)
    const count = 3000
    for (let port = 1; port <= count; port++) {
      await appendFile(path, line(port))
      if (port % 500 === 0) {
        await rename(path, `${path}.${port}`)
        await writeFile(path, '')
        // Two rotations within one look cannot be seen from outside; log rotation runs once an hour at most.
        await expect.poll(() => ports.length, soon).toBe(port)
      }
    }
    await expect.poll(() => ports.length, soon).toBe(count)
    expect(ports).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  })

  test('that is truncated is read from its start again', async () => {
    const { intake, ports } = setUp()
    await writeFile(path, line(1))
    await follow(intake, { fromStart: true })
    await appendFile(path, line(2) + line(3))
    await expect.poll(() => ports, soon).toEqual([1, 2, 3])
    await truncate(path)
    await appendFile(path, line(4))
    await expect.poll(() => ports, soon).toEqual([1, 2, 3, 4])
  })

  test('that is replaced by another is left for that one', async () => {
    const { intake, ports } = setUp()
    await writeFile(path, line(1))
    await follow(intake)
    await writeFile(`${path}.new`, line(2))
    await rename(`${path}.new`, path)
    await expect.poll(() => ports, soon).toEqual([2])
    await appendFile(path, line(3))
    await expect.poll(() => ports, soon).toEqual([2, 3])
  })

  test('that is removed is read on, and its successor from its start', async () => {
    const { intake, ports, health } = setUp()
    await writeFile(path, line(1))
    await follow(intake)
    const old = await opened()
    await rm(path)
    await old.write(line(2))
    await expect.poll(() => [ports, health(path)?.problem?.message], soon).toEqual([[2], 'there is no such file yet'])
    await writeFile(path, line(3))
    await expect.poll(() => ports, soon).toEqual([2, 3])
    await expect.poll(() => health(path)?.problem, soon).toBeUndefined()
  })

  test('that is a folder or a pipe is a problem, not a hang', async () => {
    for (const make of [(at: string) => mkdir(at), (at: string) => promisify(execFile)('mkfifo', [at])]) {
      const { intake, health } = setUp()
      path = join(folder, `special-${closing.length}`)
      await make(path)
      await follow(intake)
      expect(health(path)?.problem).toMatchObject({ message: 'not a regular file', place: { file: path } })
    }
  })

  test('is read to its end when following stops, and not after', async () => {
    const { intake, ports } = setUp()
    await writeFile(path, '')
    const follower = await followFile({ intake, path })
    await appendFile(path, line(1) + packet(2))
    await follower.close()
    expect(ports).toEqual([1, 2])
    await appendFile(path, line(3))
    expect(ports).toEqual([1, 2])
  })
})
