import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Endpoint, endpointText } from '../../../src/base/address.ts'
import { Failure, type Problem } from '../../../src/base/failure.ts'
import { type Control, type ControlOptions, startControl } from '../../../src/control/server.ts'
import { house, TOKEN } from './house.ts'

const closing: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const options = (listen: Endpoint[], token?: string): ControlOptions => ({
  views: house().views,
  listen,
  token,
  version: '0.1.0',
  onFault: (fault) => {
    throw fault
  },
  listenProblem: async (endpoint, fault): Promise<Problem> => ({
    code: 'ASKFIRST_E_LISTEN_IN_USE',
    message: `${endpointText(endpoint)} ${(fault as NodeJS.ErrnoException).code}`,
  }),
})

async function start(listen: Endpoint[], token?: string): Promise<Control> {
  const control = await startControl(options(listen, token))
  closing.push(() => control.close())
  return control
}

const LOOPBACK: Endpoint = { address: '127.0.0.1', port: 0 }
const baseOf = (control: Control, at = 0): string => `http://${endpointText(control.addresses[at] as Endpoint)}`

/** What a socket gets for these bytes, until the other end closes. */
function exchange(control: Control, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket: Socket = connect(control.addresses[0]?.port as number, '127.0.0.1')
    socket.setEncoding('utf8')
    socket.on('data', (part) => {
      text += part
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
    socket.end(bytes)
  })
}

const refusal = async (starting: Promise<Control>): Promise<readonly Problem[]> => {
  const fault: unknown = await starting.then(
    (control) => control.close(),
    (reason: unknown) => reason,
  )
  if (fault instanceof Failure) return fault.problems
  throw new Error(`not a Failure: ${String(fault)}`)
}

describe('the API on real sockets', () => {
  test('answers on every address, each with its true port', async () => {
    const control = await start([LOOPBACK, { address: '::1', port: 0 }, { address: '127.0.0.2', port: 0 }])
    expect(control.addresses.map((endpoint) => endpoint.address)).toEqual(['127.0.0.1', '::1', '127.0.0.2'])
    for (const i of control.addresses.keys()) {
      const response = await fetch(`${baseOf(control, i)}/healthz`)
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ ok: true, reasons: [] })
    }
  })

  test('takes reports and answers metrics as curl would ask', async () => {
    const control = await start([LOOPBACK], TOKEN)
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' }
    const posted = await fetch(`${baseOf(control)}/api/v1/reports`, { method: 'POST', body: 'one\ntwo\n', headers })
    expect(await posted.json()).toMatchObject({ reports: 2 })
    const metrics = await fetch(`${baseOf(control)}/metrics`, { headers })
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await metrics.text()).toContain('askfirst_queries_total{outcome="blocked"} 30\n')
    expect((await fetch(`${baseOf(control)}/metrics`)).status).toBe(401)
  })

  test('after close nothing listens any more, and an idle connection does not hold it up', async () => {
    const control = await start([LOOPBACK])
    const idle = connect(control.addresses[0]?.port as number, '127.0.0.1')
    await new Promise((resolve) => idle.once('connect', resolve))
    idle.on('error', () => {})
    await control.close()
    await expect(fetch(`${baseOf(control)}/healthz`)).rejects.toThrow()
  })

  test.each([
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00', 400],
    ['two lengths', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc',
      400,
    ],
    ['a header of 9 kB', `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'a'.repeat(9000)}\r\n\r\n`, 431],
    ['a path of 9 kB', `GET /${'a'.repeat(9000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
    ['no host', 'GET /healthz HTTP/1.0\r\n\r\n', 403],
  ])('%s gets an answer in the envelope, and the server goes on', async (_what, bytes, status) => {
    const control = await start([LOOPBACK])
    const text = await exchange(control, bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const body = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(JSON.parse(body).error.code).toBe('ASKFIRST_E_HTTP_REQUEST')
    expect((await fetch(`${baseOf(control)}/healthz`)).status).toBe(200)
  })

  test('more connections than the bound are closed, and the server goes on', async () => {
    const control = await start([LOOPBACK])
    const port = control.addresses[0]?.port as number
    const sockets: Socket[] = []
    let closed = 0
    closing.unshift(() => {
      for (const socket of sockets) socket.destroy()
    })
    await new Promise<void>((resolve) => {
      for (let i = 0; i < 70; i++) {
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {})
        socket.on('close', () => {
          if (++closed === 6) resolve()
        })
        sockets.push(socket)
      }
    })
    for (const socket of sockets) socket.destroy()
    expect(closed).toBeGreaterThanOrEqual(6)
    await expect.poll(async () => (await fetch(`${baseOf(control)}/healthz`).catch(() => undefined))?.status).toBe(200)
  })
})

describe('the API does not start', () => {
  test('wider than loopback without a token, and says so for each address', async () => {
    const problems = await refusal(
      startControl(options([LOOPBACK, { address: '0.0.0.0', port: 0 }, { address: '::', port: 0 }])),
    )
    expect(problems.map((problem) => problem.code)).toEqual(['ASKFIRST_E_CONFIG_VALUE', 'ASKFIRST_E_CONFIG_VALUE'])
    expect(problems[0]?.hint).toContain('openssl rand')
  })

  test('in part: where one address is taken, none is listened on', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => holder.close(resolve)))
    const taken = (holder.address() as { port: number }).port
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const other = (free.address() as { port: number }).port
    await new Promise((resolve) => free.close(resolve))
    const problems = await refusal(
      startControl(
        options([
          { address: '127.0.0.1', port: other },
          { address: '127.0.0.1', port: taken },
        ]),
      ),
    )
    expect(problems).toEqual([
      { code: 'ASKFIRST_E_LISTEN_IN_USE', message: `127.0.0.1:${taken} EADDRINUSE`, place: { path: 'http.listen' } },
    ])
    await expect(fetch(`http://127.0.0.1:${other}/healthz`)).rejects.toThrow()
  })

  test('with a token it may listen wider, and [::] leaves the IPv4 port to 0.0.0.0', async () => {
    const first = await start([{ address: '0.0.0.0', port: 0 }], TOKEN)
    const port = first.addresses[0]?.port as number
    const second = await start([{ address: '::', port }], TOKEN)
    expect(second.addresses[0]?.port).toBe(port)
    expect((await fetch(`http://[::1]:${port}/healthz`)).status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  })
})
