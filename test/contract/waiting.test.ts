// A thread that waits at its sockets itself: everything else that it has to do gets its turn all the same.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { openLibc } from '../../src/system/libc.ts'
import { type FromAttending, PROMISE, type ToAttending } from '../support/attending.ts'

const known = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
const loop = (await openLibc())?.loop

const open: { close: () => Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function attending() {
  const worker = new Worker(new URL('../support/attending.ts', import.meta.url))
  const said: FromAttending[] = []
  worker.on('message', (message: FromAttending) => said.push(message))
  const socket = createSocket('udp4')
  open.push({ close: () => Promise.all([worker.terminate(), new Promise<void>((done) => socket.close(() => done()))]) })
  const next = async <K extends FromAttending['kind']>(kind: K): Promise<Extract<FromAttending, { kind: K }>> => {
    for (let i = 0; i < 1000; i++) {
      const at = said.findIndex((message) => message.kind === kind)
      if (at >= 0) return said.splice(at, 1)[0] as Extract<FromAttending, { kind: K }>
      await sleep(10)
    }
    throw new Error(`no "${kind}" within ten seconds`)
  }
  const { ports } = await next('open')
  const tell = (message: ToAttending): void => worker.postMessage(message)
  const figures = () => {
    tell('figures')
    return next('figures')
  }
  return {
    worker,
    next,
    tell,
    figures,
    send: (to: 0 | 1, text = 'x') =>
      new Promise<void>((done) => socket.send(text, ports[to] as number, '127.0.0.1', () => done())),
    /** Figures once the socket has taken so many; what it has after ten seconds, otherwise. */
    async taken(at: 0 | 1, count: number) {
      for (let i = 0; i < 1000; i++) {
        const now = await figures()
        if ((now.taken[at] as number) >= count) return now
        await sleep(10)
      }
      return figures()
    },
  }
}

test.skipIf(!known)('the event loop can be waited for from outside', () => {
  expect(loop?.fd).toBeGreaterThan(0)
  expect(loop?.timeout()).toBeGreaterThanOrEqual(-1)
})

describe.skipIf(loop === undefined)('a thread that waits at its sockets itself', () => {
  test('takes every datagram, one by one and in bursts, at every socket', async () => {
    const thread = await attending()
    for (let i = 0; i < 100; i++) {
      await thread.send(0)
      await sleep(1)
    }
    for (let i = 0; i < 100; i++) await thread.send(1)
    await thread.taken(0, 100)
    expect((await thread.taken(1, 100)).taken).toEqual([100, 100])
  })

  test('has timers and messages in between, however many come', async () => {
    const thread = await attending()
    thread.tell('timers')
    let sending = true
    let sent = 0
    const stream = (async () => {
      for (; sending && sent < 200_000; sent++) await thread.send(0)
    })()
    const before = await thread.figures()
    for (let i = 0; i < 20; i++) {
      await thread.figures()
      await sleep(10)
    }
    const after = await thread.figures()
    sending = false
    await stream
    expect(after.timers).toBeGreaterThan(before.timers)
    expect(after.taken[0]).toBeGreaterThan(before.taken[0] as number)
  })

  test('has a timer when it is due, and nothing else comes', async () => {
    const thread = await attending()
    thread.tell('timers')
    await thread.send(0)
    const { timers } = await thread.taken(0, 1)
    await thread.send(0)
    await sleep(300)
    expect((await thread.figures()).timers).toBeGreaterThan(timers)
  })

  test('sees to promises that were made while a datagram was taken', async () => {
    const thread = await attending()
    // The first is told of by libuv, the others come while the thread waits itself.
    for (let i = 0; i < 5; i++) {
      await thread.send(0)
      await thread.taken(0, 2 * i + 1)
      await thread.send(0, PROMISE)
      await thread.next('settled')
    }
  })

  test('goes on with the other socket when one is closed', async () => {
    const thread = await attending()
    await thread.send(0)
    await thread.taken(0, 1)
    thread.tell('close-first')
    // It has done so when it answers the next message.
    await thread.figures()
    await thread.send(0)
    await thread.send(1)
    expect((await thread.taken(1, 1)).taken).toEqual([1, 1])
  })

  test('can be stopped while it waits', async () => {
    const thread = await attending()
    await thread.send(0)
    await thread.taken(0, 1)
    await thread.send(0)
    await sleep(100)
    const ended = once(thread.worker, 'exit')
    await thread.worker.terminate()
    await ended
  })
})
