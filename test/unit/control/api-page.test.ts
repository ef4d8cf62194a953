import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildApi } from '../../../src/control/api.ts'
import { metricsWriter } from '../../../src/control/metrics.ts'
import { house, LISTEN } from './house.ts'
import { readMetrics } from './prometheus-text.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly propertyNames?: Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

const page = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')

/** The page's sections: heading, then text up to the next. */
const sections = new Map(page.split(/^## /m).map((text) => [text.slice(0, text.indexOf('\n')), text]))
const block = (section: string, language: string): string =>
  new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(section)?.[1] ?? ''

interface Document {
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content: Record<string, { schema: Schema }> }> }>
  >
  readonly components: { readonly schemas: Record<string, Schema> }
}

async function openApi(): Promise<Document> {
  const api = await buildApi({
    views: house().views,
    listen: LISTEN,
    token: undefined,
    version: '0',
    onFault: () => {},
  })
  const answer = await api.inject({ url: '/api/v1/openapi.json', headers: { host: 'localhost' } })
  await api.close()
  return answer.json()
}

/** Where a shortened sample says what the schema does not know. */
function strangers(sample: Json, schema: Schema, schemas: Record<string, Schema>, path = ''): string[] {
  if (schema.$ref !== undefined) {
    return strangers(sample, schemas[schema.$ref.split('/').at(-1) as string] as Schema, schemas, path)
  }
  const branches = schema.anyOf ?? schema.oneOf
  if (branches !== undefined) {
    const each = branches.map((branch) => strangers(sample, branch, schemas, path))
    return each.some((found) => found.length === 0) ? [] : (each[0] as string[])
  }
  const kind = sample === null ? 'null' : Array.isArray(sample) ? 'array' : typeof sample
  const types = [schema.type ?? []].flat()
  if (!types.includes(kind) && !(kind === 'number' && types.includes('integer'))) return [`${path} is a ${kind}`]
  if (Array.isArray(sample)) {
    return sample.flatMap((item, i) => strangers(item, schema.items as Schema, schemas, `${path}/${i}`))
  }
  if (typeof sample === 'string' && schema.enum !== undefined && !schema.enum.includes(sample))
    return [`${path} is ${sample}`]
  if (typeof sample !== 'object' || sample === null) return []
  return Object.entries(sample).flatMap(([key, value]) => {
    const at = `${path}/${key}`
    if (schema.propertyNames?.enum !== undefined && !schema.propertyNames.enum.includes(key)) return [at]
    const property = schema.properties?.[key] ?? schema.additionalProperties
    return property === undefined ? [at] : strangers(value, property, schemas, at)
  })
}

describe('docs/api.md', () => {
  test('has a section with a curl line for every route, and for no other', async () => {
    const { paths } = await openApi()
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const described = [...sections.keys()].filter((heading) => /^(GET|POST) /.test(heading))
    expect(described.toSorted()).toEqual(routes.toSorted())
    for (const route of described) {
      const sh = block(sections.get(route) as string, 'sh')
      expect(sh, route).toContain('curl ')
      expect(sh, route).toContain(`http://127.0.0.1:8053${route.split(' ')[1]}`)
    }
  })

  test('shows samples in which every key and value has a place in the schema', async () => {
    const { paths, components } = await openApi()
    const sampled: string[] = []
    for (const [heading, text] of sections) {
      const sample = block(text, 'json')
      const [method, path] = heading.split(' ') as [string, string]
      const schema = paths[path]?.[method.toLowerCase()]?.responses['200']?.content['application/json']?.schema
      if (sample === '' || schema === undefined) continue
      expect(strangers(JSON.parse(sample), schema, components.schemas), heading).toEqual([])
      sampled.push(heading)
    }
    expect(sampled).toHaveLength(13)
    const envelope = JSON.parse(block(sections.get('When something is wrong') as string, 'json'))
    expect(strangers(envelope, components.schemas['Failed'] as Schema, components.schemas)).toEqual([])
  })

  test('the check of samples notices a key, a value and a type that do not exist', async () => {
    const { components } = await openApi()
    const health = components.schemas['Health'] as Schema
    expect(strangers({ ok: true, reason: [] }, health, components.schemas)).toEqual(['/reason'])
    expect(strangers({ ok: 'yes' }, health, components.schemas)).toEqual(['/ok is a string'])
    const stats = components.schemas['Stats'] as Schema
    expect(strangers({ verdicts: { fine: 1 } }, stats, components.schemas)).toEqual(['/verdicts/fine'])
  })

  test('names only metrics that exist', async () => {
    const families = readMetrics(await metricsWriter().write(await house().views.stats()))
    const named = new Set(page.match(/askfirst_[a-z_]+/g))
    expect(named.size).toBeGreaterThan(4)
    for (const name of named) expect(families.has(name), name).toBe(true)
  })

  test('links only to headings and pages that exist', () => {
    const anchors = new Set(
      [...sections.keys()].map((heading) =>
        heading
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      ),
    )
    for (const [, target] of page.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors, target).toContain(target)
    for (const [, target] of page.matchAll(/\]\(([a-z-]+\.md)\)/g)) {
      expect(() => readFileSync(new URL(`../../../docs/${target}`, import.meta.url))).not.toThrow()
    }
  })
})
