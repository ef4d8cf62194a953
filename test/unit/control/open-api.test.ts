import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Api, buildApi } from '../../../src/control/api.ts'
import { house, LISTEN, TOKEN } from './house.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Tree = { [key: string]: Json }

let api: Api
let document: Tree
let schemas: Tree

beforeAll(async () => {
  api = await buildApi({ views: house().views, listen: LISTEN, token: TOKEN, version: '0.1.0', onFault: () => {} })
  document = (await get('/api/v1/openapi.json')).json()
  schemas = (document['components'] as Tree)['schemas'] as Tree
})
afterAll(() => api.close())

const get = (url: string) => api.inject({ url, headers: { host: 'localhost', authorization: `Bearer ${TOKEN}` } })

/** Every operation as `[method, path, operation]`. */
const operations = (): [string, string, Tree][] =>
  Object.entries(document['paths'] as Tree).flatMap(([path, item]) =>
    Object.entries(item as Tree).map(([method, operation]): [string, string, Tree] => [
      method,
      path,
      operation as Tree,
    ]),
  )

function everyNode(node: Json, visit: (key: string, value: Json) => void): void {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    visit(key, value)
    everyNode(value, visit)
  }
}

/** The component as a schema that zod can read: references become definitions. */
const component = (name: string): z.ZodType => {
  const text = JSON.stringify({ $ref: `#/$defs/${name}`, $defs: schemas })
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
}

describe('the OpenAPI document', () => {
  test('is 3.1 and names the version that runs', () => {
    expect(document['openapi']).toBe('3.1.0')
    expect(document['info']).toMatchObject({ title: 'askfirst', version: '0.1.0' })
  })

  test('holds every route that there is, and no other', () => {
    const inDocument = operations().map(([method, path]) => `${method.toUpperCase()} ${path}`)
    expect(inDocument.sort()).toEqual([
      'GET /api/v1/devices',
      'GET /api/v1/explain',
      'GET /api/v1/findings',
      'GET /api/v1/lists',
      'GET /api/v1/openapi.json',
      'GET /api/v1/stats',
      'GET /healthz',
      'GET /metrics',
      'POST /api/v1/bonus',
      'POST /api/v1/cache/flush',
      'POST /api/v1/devices/name',
      'POST /api/v1/lists/refresh',
      'POST /api/v1/pause',
      'POST /api/v1/reports',
      'POST /api/v1/rules',
    ])
    for (const one of inDocument) {
      const [method, url] = one.split(' ') as ['GET' | 'POST', string]
      expect(api.hasRoute({ method, url }), one).toBe(true)
    }
    const tree = api.printRoutes({ commonPrefix: false })
    expect(tree.match(/\((GET|POST)/g)).toHaveLength(inDocument.length)
  })

  test('each operation has an id of its own, a summary, and a schema for each answer, failures included', () => {
    const ids = operations().map(([, , operation]) => operation['operationId'])
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, path, operation] of operations()) {
      expect(operation['summary'], path).toMatch(/\S/)
      const responses = operation['responses'] as Tree
      expect(Object.keys(responses), path).toEqual(expect.arrayContaining(['200', '4XX', '5XX']))
      for (const [status, response] of Object.entries(responses)) {
        expect((response as Tree)['description'], `${path} ${status}`).toMatch(/\S/)
        const content = (response as Tree)['content'] as Tree
        for (const media of Object.values(content))
          expect((media as Tree)['schema'], `${path} ${status}`).toBeTypeOf('object')
      }
    }
  })

  test('every reference leads to a schema, and every schema is used', () => {
    const used = new Set<string>()
    everyNode(document, (key, value) => {
      if (key !== '$ref') return
      const name = String(value).replace(/^#\/components\/schemas\//, '')
      expect(Object.keys(schemas)).toContain(name)
      used.add(name)
    })
    expect([...used].sort()).toEqual(Object.keys(schemas))
  })

  test('every schema is one that a reader of JSON Schema takes', () => {
    for (const name of Object.keys(schemas)) expect(() => component(name), name).not.toThrow()
  })

  test('the health check alone needs no token', () => {
    expect(document['security']).toEqual([{ token: [] }])
    const free = operations().filter(([, , operation]) => operation['security'] !== undefined)
    expect(free.map(([, path, operation]) => [path, operation['security']])).toEqual([['/healthz', []]])
  })

  test('parameters and bodies are described with their bounds', () => {
    const operation = (path: string, method: string): Tree =>
      ((document['paths'] as Tree)[path] as Tree)[method] as Tree
    const limit = (operation('/api/v1/findings', 'get')['parameters'] as Tree[]).find(({ name }) => name === 'limit')
    expect(limit).toMatchObject({ in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } })
    const name = (operation('/api/v1/explain', 'get')['parameters'] as Tree[]).find((one) => one['name'] === 'name')
    expect(name).toMatchObject({ required: true, schema: { type: 'string' } })
    const reports = operation('/api/v1/reports', 'post')['requestBody'] as Tree
    expect(Object.keys(reports['content'] as Tree)).toEqual(['text/plain', 'application/x-ndjson', 'application/json'])
    expect(schemas['PauseInput']).toMatchObject({
      additionalProperties: false,
      required: ['seconds'],
      properties: { seconds: { minimum: 0, maximum: 86_400 } },
    })
  })

  test('an answer may grow: no schema of an answer forbids further keys', () => {
    for (const [name, schema] of Object.entries(schemas)) {
      if (name.endsWith('Input')) continue
      everyNode(schema, (key, value) => {
        if (key === 'additionalProperties') expect(value, name).not.toBe(false)
      })
    }
  })

  test.each([
    ['/api/v1/stats', 'Stats'],
    ['/api/v1/findings', 'FindingsPage'],
    ['/api/v1/explain?name=example.org', 'Explanation'],
    ['/api/v1/devices', 'Devices'],
    ['/api/v1/lists?compare=true', 'Lists'],
    ['/healthz', 'Health'],
    ['/no/such/page', 'Failed'],
  ])('what %s really answers fits %s, and what lacks a key does not', async (url, name) => {
    const answer = (await get(url)).json()
    expect(component(name).safeParse(answer).error).toBeUndefined()
    for (const key of Object.keys(answer)) {
      const { [key]: _, ...rest } = answer
      expect(component(name).safeParse(rest).success, key).toBe(false)
    }
  })
})
