import type { LightMyRequestResponse } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { type Api, buildApi } from '../../../src/control/api.ts'
import { BODY_MAX } from '../../../src/control/schemas.ts'
import { finding, type House, house, LISTEN, NOW, TOKEN } from './house.ts'

const open: Api[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((app) => app.close()))
})

async function start(token?: string): Promise<{ own: House; api: Api; faults: unknown[] }> {
  const own = house()
  const faults: unknown[] = []
  const api = await buildApi({
    views: own.views,
    listen: LISTEN,
    token,
    version: '0.1.0',
    onFault: (fault) => faults.push(fault),
  })
  open.push(api)
  return { own, api, faults }
}

const HOST = { host: '127.0.0.1:8053' }
const get = (api: Api, url: string, headers: Record<string, string> = HOST): Promise<LightMyRequestResponse> =>
  api.inject({ method: 'GET', url, headers })
const post = (api: Api, url: string, payload: string, type?: string): Promise<LightMyRequestResponse> =>
  api.inject({ method: 'POST', url, payload, headers: type === undefined ? HOST : { ...HOST, 'content-type': type } })

const ROUTES = [
  '/api/v1/stats',
  '/api/v1/findings',
  '/api/v1/explain?name=example.org',
  '/api/v1/devices',
  '/api/v1/openapi.json',
  '/metrics',
]

describe('reading', () => {
  test('stats shows the folded figures', async () => {
    const { api } = await start()
    const { totals, top, lastDay, lists, upstreams, cache } = (await get(api, '/api/v1/stats')).json()
    expect(totals).toMatchObject({ queries: 93, answered: 91, blocked: 30, cached: 60, lane: 60 })
    expect(totals.blockedShare).toBeCloseTo(30 / 93)
    expect(top.blockedNames.items).toEqual([{ name: 'ads.example.com', count: 30 }])
    expect(top.devices.items[0]).toMatchObject({ name: 'kitchen-tablet', queries: 90, blocked: 30 })
    expect(lastDay.minutes.queries).toHaveLength(1440)
    expect(lists[0].hits).toBe(30)
    expect(upstreams[0]).toMatchObject({ server: '9.9.9.9:53', queries: 1, meanUs: 18_000 })
    expect(cache.hitShare).toBeCloseTo(60 / 62)
  })

  test.each([
    ['id:TV', { id: 'tv', door: 'https', listener: '' }],
    ['door:tls+id:tv', { id: 'tv', door: 'tls', listener: '' }],
    ['at:192.168.20.1', { id: undefined, door: 'plain', listener: '192.168.20.1:' }],
    ['at:[FD00::1]:53,door:plain', { id: undefined, door: 'plain', listener: '[fd00::1]:53' }],
  ])('explain gets how somebody asks: %s', async (via, manner) => {
    const seen: unknown[] = []
    const { api, own } = await start()
    const { explain } = own.views
    own.views.explain = (name, device, how) => {
      seen.push(how)
      return explain(name, device, how)
    }
    expect((await get(api, `/api/v1/explain?name=a.example&via=${via}`)).statusCode).toBe(200)
    expect(seen).toEqual([manner])
  })

  test('explain gets the name as it is matched and the device by its id', async () => {
    const { api } = await start()
    const ask = async (query: string) => (await get(api, `/api/v1/explain?${query}`)).json()
    expect(await ask('name=ADS.Example.COM.')).toMatchObject({ name: 'ads.example.com', device: null })
    expect((await ask('name=b%C3%BCcher.example')).name).toBe('xn--bcher-kva.example')
    expect((await ask('name=a.example&device=AA-BB-CC-DD-EE-01')).device).toBe('mac:aa:bb:cc:dd:ee:01')
    expect((await ask('name=a.example&device=192.168.1.20')).device).toBe('ip:192.168.1.20')
    expect((await ask('name=a.example&device=ip:FD00::0:20')).device).toBe('ip:fd00::20')
  })

  test.each([
    ['/api/v1/explain', 'name: is needed'],
    ['/api/v1/explain?name=', 'name: not a domain name'],
    ['/api/v1/explain?name=a..b', 'name: not a domain name'],
    ['/api/v1/explain?name=a&name=b', 'name: must be one text'],
    [`/api/v1/explain?name=${'a.'.repeat(2000)}`, 'name: '],
    ['/api/v1/explain?name=a.example&via=tv', 'via: write id:NAME'],
    ['/api/v1/explain?name=a.example&via=door:back', 'via: write id:NAME'],
    ['/api/v1/explain?name=a.example&via=at:home', 'via: write id:NAME'],
    ['/api/v1/explain?name=a.example&device=mac:nobody', 'device: write an address'],
    ['/api/v1/explain?name=a.example&device=mac:192.168.1.1', 'device: write an address'],
    ['/api/v1/explain?name=a.example&devcie=1', 'devcie'],
    ['/api/v1/findings?limit=0', 'limit'],
    ['/api/v1/findings?limit=1001', 'limit'],
    ['/api/v1/findings?limit=ten', 'limit'],
    ['/api/v1/findings?kind=asked', 'kind'],
    ['/api/v1/findings?since=yesterday', 'since: write a time'],
    ['/api/v1/findings?since=2026-02-30T00:00:00Z', 'since: write a time'],
    ['/api/v1/findings?cursor=AAAA', 'cursor'],
  ])('%s is refused with a reason', async (url, reason) => {
    const { api } = await start()
    const response = await get(api, url)
    expect(response.statusCode).toBe(400)
    const { error } = response.json()
    expect(error.code).toBe('ASKFIRST_E_HTTP_REQUEST')
    expect(error.message).toContain(reason)
  })

  test('findings are filtered and paged through the cursor', async () => {
    const { own, api } = await start()
    own.findings = Array.from({ length: 5 }, (_, i) => finding({ id: `f${i}`, first: NOW - i * 1000, last: NOW }))
    own.findings.push(finding({ id: 'bypass', kind: 'dns-bypass', class: 'dns', first: 0, last: 0 }))
    const ids: string[] = []
    let url = '/api/v1/findings?limit=2&kind=direct-ip&since=2026-11-22'
    for (let pages = 0; pages < 3; pages++) {
      const { findings, next } = (await get(api, url)).json()
      ids.push(...findings.map((one: { id: string }) => one.id))
      url = `/api/v1/findings?limit=2&kind=direct-ip&since=2026-11-22&cursor=${next}`
      expect(next === null).toBe(pages === 2)
    }
    expect(ids).toEqual(['f0', 'f1', 'f2', 'f3', 'f4'])
  })

  test('hostile text of a log stays inside its JSON string', async () => {
    const { own, api } = await start()
    const rule = 'x"}]}\u001b[2J\r\n\u2028\u009b31m\u202e</script>'
    own.findings = [finding({ rule })]
    const response = await get(api, '/api/v1/findings')
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(response.json().findings[0].rule).toBe(rule)
    expect(response.body).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/)
  })

  test('healthz is 200 while all is well and 503 with the reasons when it is not', async () => {
    const { own, api } = await start()
    expect((await get(api, '/healthz')).statusCode).toBe(200)
    own.health = { ok: false, reasons: ['no upstream answers'] }
    const response = await get(api, '/healthz')
    expect(response.statusCode).toBe(503)
    expect(response.json()).toEqual({ ok: false, reasons: ['no upstream answers'] })
  })
})

describe('reports', () => {
  const LINES = 'IN=eth0 OUT=eth1 SRC=192.168.1.5\nIN=eth0 OUT=eth1 SRC=192.168.1.6\n'

  test.each([
    ['text/plain', LINES],
    ['text/plain; charset=utf-8', LINES],
    ['application/x-ndjson', LINES],
    ['application/x-www-form-urlencoded', LINES],
    ['application/octet-stream', LINES],
    [undefined, LINES],
    ['application/json', JSON.stringify({ lines: LINES.trim().split('\n') })],
  ])('lines may come as %s', async (type, body) => {
    const { own, api } = await start()
    const response = await post(api, '/api/v1/reports', body, type)
    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ reports: 2, notOurs: 0, unknownFormat: 0, rejected: 0 })
    expect(own.taken[0]?.text.trim()).toBe(LINES.trim())
    expect(own.taken[0]?.source).toBe('http')
  })

  test('an empty text has no lines', async () => {
    const { api } = await start()
    expect((await post(api, '/api/v1/reports', '', 'text/plain')).json().reports).toBe(0)
  })

  test('1 MiB is taken and one byte more is not', async () => {
    const { own, api } = await start()
    expect((await post(api, '/api/v1/reports', 'x'.repeat(BODY_MAX), 'text/plain')).statusCode).toBe(200)
    const response = await post(api, '/api/v1/reports', 'x'.repeat(BODY_MAX + 1), 'text/plain')
    expect(response.statusCode).toBe(413)
    expect(response.json().error.code).toBe('ASKFIRST_E_HTTP_REQUEST')
    expect(own.taken).toHaveLength(1)
  })

  test.each([
    ['application/json', '{"lines":["a",5]}', 400],
    ['application/json', '{"lines":"a"}', 400],
    ['application/json', '{"lines":["a"],"more":1}', 400],
    ['application/json', '{"lines":["a"', 400],
    ['application/json', '', 400],
    ['application/json', '{"__proto__":{"lines":[]}}', 400],
    ['application/json', '['.repeat(100_000), 400],
    ['multipart/form-data; boundary=x', '--x--', 415],
    ['text/html', '<p>', 415],
    ['nonsense', 'a', 415],
    [undefined, '', 400],
  ])('a body of type %s that is not one of ours is refused (case %#)', async (type, body, status) => {
    const { own, api } = await start()
    const response = await post(api, '/api/v1/reports', body, type)
    expect(response.statusCode).toBe(status)
    expect(response.json().error.code).toBe('ASKFIRST_E_HTTP_REQUEST')
    expect(own.taken).toEqual([])
  })

  test('a compressed body is refused before it is unfolded', async () => {
    const { own, api } = await start()
    const headers = { ...HOST, 'content-type': 'text/plain', 'content-encoding': 'gzip' }
    const response = await api.inject({ method: 'POST', url: '/api/v1/reports', payload: 'x', headers })
    expect(response.statusCode).toBe(415)
    expect(response.json().error.message).toContain('Content-Encoding')
    expect(own.taken).toEqual([])
  })
})

describe('pause', () => {
  test('pauses for the seconds asked for and says who did; 0 resumes', async () => {
    const { own, api } = await start()
    const paused = await post(api, '/api/v1/pause', '{"seconds":300}', 'application/json')
    expect(paused.json()).toMatchObject({ active: true, until: '2026-11-22T12:35:00.000Z', by: 'HTTP from 127.0.0.1' })
    const resumed = await post(api, '/api/v1/pause', '{"seconds":0}', 'application/json')
    expect(resumed.json()).toMatchObject({ active: false, until: null, by: null })
    expect(own.pauses.map((pause) => pause.seconds)).toEqual([300, 0])
  })

  test.each([
    '{"seconds":-1}',
    '{"seconds":86401}',
    '{"seconds":1.5}',
    '{"seconds":"300"}',
    '{}',
    '[]',
    'null',
    '{"seconds":1,"x":1}',
  ])('%s is refused and changes nothing', async (body) => {
    const { own, api } = await start()
    const response = await post(api, '/api/v1/pause', body, 'application/json')
    expect(response.statusCode).toBe(400)
    expect(own.pauses).toEqual([])
  })

  test('takes JSON only', async () => {
    const { own, api } = await start()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
      expect((await post(api, '/api/v1/pause', '{"seconds":5}', type)).statusCode, type).toBeGreaterThanOrEqual(400)
    }
    expect(own.pauses).toEqual([])
  })

  test('without a body it says that one is needed', async () => {
    const { api } = await start()
    const response = await api.inject({ method: 'POST', url: '/api/v1/pause', headers: HOST })
    expect(response.statusCode).toBe(400)
    expect(response.json().error.message).toContain('a body is needed')
  })
})

describe('changes at run time', () => {
  const change = async (path: string, body: object) =>
    post((await start()).api, path, JSON.stringify(body), 'application/json')

  test('say what holds now and where it stands', async () => {
    const rule = await change('/api/v1/rules', { kind: 'block', name: '*.ADS.example', device: '192.168.1.20' })
    expect(rule.json()).toEqual({ done: '*.ads.example block', file: '/etc/askfirst/rules.yaml' })
    const named = await change('/api/v1/devices/name', { device: '02:00:5E:10:00:01', name: 'Télé' })
    expect(named.json()).toMatchObject({ done: 'mac:02:00:5e:10:00:01 Télé' })
  })

  test.each([
    ['/api/v1/rules', { kind: 'block', name: 'not a name' }, 'name'],
    ['/api/v1/rules', { kind: 'block', name: '*.' }, 'name'],
    ['/api/v1/rules', { kind: 'forbid', name: 'a.example' }, 'kind'],
    ['/api/v1/rules', { kind: 'block', name: 'a.example', device: 'mac:tv' }, 'device'],
    ['/api/v1/devices/name', { device: '02:00:5e:10:00:01', name: 'two\nlines' }, 'name'],
    ['/api/v1/devices/name', { device: '02:00:5e:10:00:01', name: ' ' }, 'name'],
    ['/api/v1/bonus', { group: 'kids', minutes: 0 }, 'minutes'],
  ])('%s %j is refused, and the place says which key is wrong', async (path, body, key) => {
    const response = await change(path, body)
    expect(response.statusCode).toBe(400)
    expect(response.json().error).toMatchObject({ code: 'ASKFIRST_E_HTTP_REQUEST', place: { path: key } })
  })

  test('a group and a device at once are refused', async () => {
    const response = await change('/api/v1/rules', { kind: 'block', name: 'a.example', device: 'tv', group: 'kids' })
    expect(response.statusCode).toBe(400)
    expect(response.json().error.message).toContain('not both')
  })

  test('a problem has its code, its place and the way out', async () => {
    const response = await change('/api/v1/bonus', { group: 'kids', minutes: 5 })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      error: { code: 'ASKFIRST_E_HTTP_REQUEST', message: 'there is no group kids', place: { path: 'group' } },
    })
  })
})

describe('who may ask', () => {
  test('with a token every route but the health check needs it', async () => {
    const { api } = await start(TOKEN)
    for (const url of [...ROUTES, '/', '/no/such/page']) {
      const response = await get(api, url)
      expect(response.statusCode, url).toBe(401)
      expect(response.json().error.code).toBe('ASKFIRST_E_HTTP_AUTH')
      expect(response.headers['www-authenticate']).toBe('Bearer realm="askfirst"')
    }
    expect((await post(api, '/api/v1/pause', '{"seconds":5}', 'application/json')).statusCode).toBe(401)
    expect((await get(api, '/healthz')).statusCode).toBe(200)
    for (const url of ROUTES) {
      expect((await get(api, url, { host: 'dns.lan', authorization: `Bearer ${TOKEN}` })).statusCode, url).toBe(200)
    }
  })

  test('a refused POST is not even read', async () => {
    const { own, api } = await start(TOKEN)
    await post(api, '/api/v1/reports', 'a line', 'text/plain')
    expect(own.taken).toEqual([])
  })

  test('without a token a rebound name reaches nothing, the health check included', async () => {
    const { api } = await start()
    for (const url of [...ROUTES, '/healthz', '/no/such/page']) {
      expect((await get(api, url, { host: 'evil.example' })).statusCode, url).toBe(403)
    }
  })

  test('without a token a form of another site changes nothing', async () => {
    const { own, api } = await start()
    const headers = { ...HOST, origin: 'http://evil.example', 'content-type': 'text/plain' }
    const response = await api.inject({ method: 'POST', url: '/api/v1/reports', payload: 'x', headers })
    expect(response.statusCode).toBe(403)
    expect(own.taken).toEqual([])
  })
})

describe('every answer', () => {
  test('says that it is no page and not to be kept, errors included', async () => {
    const { api } = await start()
    for (const url of [...ROUTES, '/healthz', '/no/such/page', '/%zz', '/api/v1/findings?limit=x']) {
      const { headers } = await get(api, url)
      expect(headers['x-content-type-options'], url).toBe('nosniff')
      expect(headers['cache-control'], url).toBe('no-store')
      expect(headers['content-security-policy'], url).toContain("default-src 'none'")
    }
    const refused = await get(api, '/metrics', { host: 'evil.example' })
    expect(refused.headers['x-content-type-options']).toBe('nosniff')
  })

  test.each([
    ['GET', '/', 404],
    ['GET', '/api/v1/nothing', 404],
    ['POST', '/api/v1/stats', 404],
    ['DELETE', '/api/v1/pause', 404],
    ['GET', '/%zz', 400],
  ] as const)('%s %s has the envelope and status %i', async (method, url, status) => {
    const { api } = await start()
    const response = await api.inject({ method, url, headers: HOST })
    expect(response.statusCode).toBe(status)
    expect(Object.keys(response.json())).toEqual(['error'])
    expect(response.json().error.code).toBe('ASKFIRST_E_HTTP_REQUEST')
  })

  test('a fault of ours is reported to us and tells the client nothing', async () => {
    const { own, api, faults } = await start()
    own.fault = new Error('secret path /etc/askfirst')
    for (const url of [...ROUTES.filter((route) => !route.endsWith('openapi.json')), '/healthz']) {
      const response = await get(api, url)
      expect(response.statusCode, url).toBe(500)
      expect(response.json()).toEqual({
        error: { code: 'ASKFIRST_E_INTERNAL', message: 'a fault in askfirst itself; its log has the details' },
      })
    }
    expect(faults).toHaveLength(6)
    expect(faults[0]).toBe(own.fault)
  })

  test('an answer that does not fit its schema is a fault of ours, not half an answer', async () => {
    const { own, api, faults } = await start()
    own.health = { ok: 'yes' } as unknown as House['health']
    expect((await get(api, '/healthz')).statusCode).toBe(500)
    expect(faults).toHaveLength(1)
  })
})

describe('flush', () => {
  test('says what was forgotten; a name that is none is refused', async () => {
    const { api } = await start()
    const flushed = await post(api, '/api/v1/cache/flush', '{"name":"Example.com","zone":true}', 'application/json')
    expect(flushed.json()).toEqual({ name: 'example.com', zone: true, flushed: 3 })
    const wrong = await post(api, '/api/v1/cache/flush', '{"name":"a..b"}', 'application/json')
    expect(wrong.statusCode).toBe(400)
  })
})
