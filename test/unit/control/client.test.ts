import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { endpointText } from '../../../src/base/address.ts'
import { askExplain, askFindings, askStats, baseOf } from '../../../src/control/client.ts'
import { startControl } from '../../../src/control/server.ts'
import { type House, house, TOKEN } from './house.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function running(token?: string): Promise<{ own: House; base: string }> {
  const own = house()
  const control = await startControl({
    views: own.views,
    listen: [{ address: '127.0.0.1', port: 0 }],
    token,
    version: '0.1.0',
    onFault: () => {},
    listenProblem: async () => ({ code: 'ASKFIRST_E_LISTEN', message: '' }),
  })
  closing.push(() => control.close())
  return { own, base: baseOf(control.addresses[0] as { address: string; port: number }) }
}

/** Something that answers HTTP and is not askfirst. */
async function stranger(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const { address, port } = server.address() as AddressInfo
  return `http://${endpointText({ address, port })}`
}

describe('the client', () => {
  test('reads figures, findings and explanations, each with the JSON as it came', async () => {
    const { base } = await running()
    const at = { base, token: undefined }
    const stats = await askStats(at)
    expect(stats.kind === 'answer' && stats.value.totals.queries).toBe(93)
    expect(stats.kind === 'answer' && JSON.parse(stats.json)).toEqual(stats.kind === 'answer' && stats.value)
    const findings = await askFindings(at, { kind: 'direct-ip', limit: '5' })
    expect(findings.kind === 'answer' && findings.value.findings).toHaveLength(1)
    const explained = await askExplain(at, 'ADS.example.com', { device: '192.168.1.20' })
    expect(explained).toMatchObject({ kind: 'answer', value: { name: 'ads.example.com', device: 'ip:192.168.1.20' } })
  })

  test('sends the token, and says where to find it when it is wrong', async () => {
    const { base } = await running(TOKEN)
    expect((await askStats({ base, token: TOKEN })).kind).toBe('answer')
    for (const token of [undefined, 'wrong']) {
      const asked = await askStats({ base, token })
      expect(asked).toMatchObject({ kind: 'failed', problem: { code: 'ASKFIRST_E_HTTP_AUTH' } })
      expect(asked.kind === 'failed' && asked.problem.hint).toContain('http.token')
    }
  })

  test('passes on what the server says of a bad question', async () => {
    const { base } = await running()
    const asked = await askExplain({ base, token: undefined }, 'not..a.name', {})
    expect(asked).toEqual({
      kind: 'failed',
      problem: { code: 'ASKFIRST_E_HTTP_REQUEST', message: 'not a domain name', place: { path: 'name' } },
    })
  })

  test('passes on that the server has a fault', async () => {
    const { own, base } = await running()
    own.fault = new Error('inside')
    const asked = await askStats({ base, token: undefined })
    expect(asked).toMatchObject({ kind: 'failed', problem: { code: 'ASKFIRST_E_INTERNAL' } })
  })

  test('says that nothing runs there where nothing listens', async () => {
    const base = await stranger(() => {})
    await closing.pop()?.()
    const asked = await askStats({ base, token: undefined })
    expect(asked).toMatchObject({
      kind: 'failed',
      problem: { code: 'ASKFIRST_E_NOT_RUNNING', message: `no running askfirst at ${base}: nothing listens there` },
    })
  })

  test.each([
    ['a web page', '<html>', 200],
    ['other JSON', '{"version":"9"}', 200],
    ['an error of another server', 'bad gateway', 502],
    ['a null', 'null', 200],
    ['nothing', '', 200],
  ])('takes %s for something else than askfirst', async (_what, body, status) => {
    const base = await stranger((_request, response) => response.writeHead(status).end(body))
    const asked = await askStats({ base, token: undefined })
    expect(asked).toMatchObject({ kind: 'failed', problem: { code: 'ASKFIRST_E_NOT_RUNNING' } })
  })

  test('does not follow a redirect with the token', async () => {
    const seen: (string | undefined)[] = []
    const other = await stranger((request, response) => {
      seen.push(request.headers.authorization)
      response.end('{}')
    })
    const base = await stranger((_request, response) => response.writeHead(302, { location: `${other}/x` }).end())
    expect((await askStats({ base, token: TOKEN })).kind).toBe('failed')
    expect(seen).toEqual([])
  })

  test('gives up on a server that takes the question and never answers', async () => {
    const base = await stranger(() => {})
    const asked = await askStats({ base, token: undefined, timeout: 50 })
    expect(asked).toMatchObject({ kind: 'failed', problem: { code: 'ASKFIRST_E_NOT_RUNNING' } })
    expect(asked.kind === 'failed' && asked.problem.message).toContain('no answer in time')
  })

  test('gives up on an answer without end', async () => {
    const part = Buffer.alloc(1024 * 1024, 'x')
    const base = await stranger((_request, response) => {
      response.on('error', () => {})
      const more = (): void => {
        while (!response.destroyed && response.write(part));
      }
      response.on('drain', more)
      more()
    })
    const asked = await askStats({ base, token: undefined })
    expect(asked.kind === 'failed' && asked.problem.message).toContain('larger than 32 MiB')
  })

  test('makes hostile text of a stranger safe', async () => {
    const error = { code: 'ASKFIRST_E_HTTP_REQUEST', message: '\u001b[2Jgone' }
    const base = await stranger((_request, response) => response.writeHead(400).end(JSON.stringify({ error })))
    const asked = await askStats({ base, token: undefined })
    expect(asked.kind === 'failed' && asked.problem.message).toBe('\\u001b[2Jgone')
  })

  test('hands out JSON that a terminal can show, also where the server wrote it in lines', async () => {
    const page = { findings: [], next: 'a\u009b31m\u202eb' }
    const base = await stranger((_request, response) => response.end(JSON.stringify(page, null, 2)))
    const asked = await askFindings({ base, token: undefined }, {})
    expect(asked.kind === 'answer' && asked.json).toBe('{"findings":[],"next":"a\\u009b31m\\u202eb"}')
  })

  test('knows how to reach a wildcard address', () => {
    expect(baseOf({ address: '0.0.0.0', port: 8053 })).toBe('http://127.0.0.1:8053')
    expect(baseOf({ address: '::', port: 8053 })).toBe('http://[::1]:8053')
    expect(baseOf({ address: '192.168.1.2', port: 80 })).toBe('http://192.168.1.2:80')
  })

  test('an address that is none is a problem too', async () => {
    expect(await askStats({ base: 'not a url', token: undefined })).toMatchObject({ kind: 'failed' })
  })
})
