// docs/protocol.md names tests, configuration keys and figures: all of them exist.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { stats } from '../../src/control/stats-schema.ts'

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
const configuration = JSON.parse(
  readFileSync(new URL('../../config/askfirst.schema.json', import.meta.url), 'utf8'),
) as Schema

/** What is read of a JSON schema. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: unknown
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}

/** Whether a path such as `upstreams[].healthy` leads somewhere; whatever stands below a map does. */
function leads(schema: Schema, path: readonly string[], root = schema): boolean {
  const target = schema.$ref === undefined ? schema : root.$defs?.[schema.$ref.replace('#/$defs/', '')]
  const [step, ...rest] = path
  if (target === undefined) return false
  if (step === undefined) return true
  if (target.anyOf?.some((one) => leads(one, path, root))) return true
  if (step === '[]') return target.items !== undefined && leads(target.items, rest, root)
  const next = target.properties?.[step]
  if (next !== undefined) return leads(next, rest, root)
  return target.properties === undefined && typeof target.additionalProperties === 'object'
}

const figures = z.toJSONSchema(stats, { unrepresentable: 'any' }) as Schema

const stepsOf = (path: string): string[] => path.replaceAll('[]', '.[]').split('.')
const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string)

const rows = page
  .slice(page.indexOf('## Capability by capability'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| capability') && !line.startsWith('| ---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

describe('docs/protocol.md', () => {
  test('names tests that are there', () => {
    const named = [...new Set(page.match(/test\/[\w/.-]+\.ts/g))]
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([])
  })

  test('has a test for every capability, and keys and figures that there are', () => {
    expect(rows.length).toBeGreaterThan(20)
    for (const [, capability = '', keys = '', shown = '', tests = ''] of rows) {
      expect(tests, capability).toContain('test/')
      for (const key of quoted(keys)) expect(leads(configuration, stepsOf(key)), `${capability}: ${key}`).toBe(true)
      for (const path of quoted(shown)) expect(leads(figures, stepsOf(path)), `${capability}: ${path}`).toBe(true)
    }
  })

  test('would notice what is not there', () => {
    expect(leads(configuration, ['upstreams', 'nonsense'])).toBe(false)
    expect(leads(figures, ['cache', 'nonsense'])).toBe(false)
    expect(leads(figures, stepsOf('upstreams[].nonsense'))).toBe(false)
  })
})
