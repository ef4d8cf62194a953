// The batched UDP listener on a real link between two namespaces: link-local addresses, a link too slow for its replies,
// an interface that goes away.
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePlace, mustRun, type Place } from '../support/house/place.ts'
import type { Running } from '../support/house/running.ts'
import { requireTools } from '../support/house/tools.ts'
import { until } from '../support/house/until.ts'

const program = (name: string): string => fileURLToPath(new URL(`../support/${name}.ts`, import.meta.url))
const PORT = '5353'
/** RFC 5737, RFC 4193. */
const SERVER = { ipv4: '192.0.2.1', ipv6: 'fd00:77::1', linkLocal: 'fe80::77:1' } as const
const CLIENT = { ipv4: '192.0.2.2', ipv6: 'fd00:77::2', linkLocal: 'fe80::77:2' } as const

describe.skipIf(!requireTools())('the batched listener on a link', () => {
  let server: Place
  let client: Place
  let listener: Running

  const ask = (address: string, count: number, name = 'www.example', from: Place = client): Running =>
    from.spawn(process.execPath, [program('udp-asker'), address, PORT, String(count), name])
  const figures = async (): Promise<{ unsent: number; forwarded: number }> => {
    const from = listener.lines.length
    listener.child.stdin.write('figures\n')
    const line = await listener.waitForLine(/^figures /, { from })
    return JSON.parse(line.slice('figures '.length)) as { unsent: number; forwarded: number }
  }
  const answered = (asker: Running): number => Number(asker.lines.at(-1)?.split(' ')[1] ?? 0)

  /** A link between the two, with addresses on both ends that can be used at once. */
  async function link(): Promise<void> {
    const [there, here] = [server.namespace, client.namespace]
    await mustRun('ip', ['link', 'add', 'lan0', 'netns', there, 'type', 'veth', 'peer', 'name', 'lan0', 'netns', here])
    for (const [place, own] of [[server, SERVER] as const, [client, CLIENT] as const]) {
      await place.must('ip', ['link', 'set', 'lan0', 'addrgenmode', 'none'])
      await place.must('ip', ['link', 'set', 'lan0', 'up'])
      await place.must('ip', ['address', 'add', `${own.ipv4}/24`, 'dev', 'lan0'])
      for (const address of [own.ipv6, own.linkLocal]) {
        await place.must('ip', ['address', 'add', `${address}/64`, 'dev', 'lan0', 'nodad'])
      }
    }
  }

  beforeAll(async () => {
    server = await makePlace(`afudp-${process.pid}s`, [])
    client = await makePlace(`afudp-${process.pid}c`, [])
    await link()
    const addresses = ['127.0.0.1', SERVER.ipv4, SERVER.ipv6, `${SERVER.linkLocal}%lan0`]
    listener = server.spawn(process.execPath, [program('udp-listener'), PORT, ...addresses])
    await listener.waitForLine('listening', { within: 20_000 })
  })
  afterAll(async () => {
    await server?.remove()
    await client?.remove()
  })

  test.each([SERVER.ipv4, SERVER.ipv6, `${SERVER.linkLocal}%lan0`])('answers 300 at once at %s', async (address) => {
    await ask(address, 300).waitForLine('answered 300', { within: 20_000 })
  })

  test('a link too slow for its replies: each is sent when there is room, or dropped and counted', async () => {
    const shape = (...how: string[]) => server.must('tc', how)
    await shape('qdisc', 'add', 'dev', 'lan0', 'root', 'handle', '1:', 'htb', 'default', '1')
    await shape('class', 'add', 'dev', 'lan0', 'parent', '1:', 'classid', '1:1', 'htb', 'rate', '64kbit')
    await shape('qdisc', 'add', 'dev', 'lan0', 'parent', '1:1', 'pfifo', 'limit', '100000')
    const before = (await figures()).unsent
    const asker = ask(SERVER.ipv4, 8000)
    const dropped = await until(
      'replies to be dropped',
      async () => (await figures()).unsent - before || undefined,
      20_000,
    )
    expect(dropped).toBeLessThan(8000)
    // The listener still answers where there is room.
    await ask('127.0.0.1', 100, 'www.example', server).waitForLine('answered 100', { within: 20_000 })
    await shape('class', 'change', 'dev', 'lan0', 'parent', '1:', 'classid', '1:1', 'htb', 'rate', '10mbit')
    const all = async () => answered(asker) + (await figures()).unsent - before === 8000
    await until('every query to be answered or counted', all, 20_000)
    await shape('qdisc', 'del', 'dev', 'lan0', 'root')
    await ask(SERVER.ipv4, 300).waitForLine('answered 300', { within: 20_000 })
  })

  test('an interface goes away with questions on their way, and comes back', async () => {
    const { unsent, forwarded } = await figures()
    ask(SERVER.ipv4, 100, 'slow.example')
    ask(SERVER.ipv6, 100, 'slow.six.example')
    ask(`${SERVER.linkLocal}%lan0`, 100, 'slow.link.example')
    await until('the questions to be on their way', async () => (await figures()).forwarded === forwarded + 3, 20_000)
    await server.must('ip', ['link', 'delete', 'lan0'])
    listener.child.stdin.write('release\n')
    await until('the replies to be given up', async () => (await figures()).unsent === unsent + 300, 20_000)
    await ask('127.0.0.1', 300, 'www.example', server).waitForLine('answered 300', { within: 20_000 })
    await link()
    for (const address of [SERVER.ipv4, SERVER.ipv6]) {
      await ask(address, 300).waitForLine('answered 300', { within: 20_000 })
    }
  })
})
