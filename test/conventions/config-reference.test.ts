import { describe, expect, test } from 'vitest'
import { problemText } from '../../src/base/failure.ts'
import { readDocument } from '../../src/config/document.ts'
import { generated } from '../../src/config/generate.ts'
import type { JsonSchema } from '../../src/config/json-schema.ts'
import { allKeys, jsonSchema } from '../../src/config/json-schema.ts'
import { parseConfig } from '../../src/config/parse.ts'
import { blocksOf } from './markdown.ts'
import { textOf } from './tree.ts'

function configOf(text: string) {
  const read = parseConfig(text, 'text', [])
  if ('problems' in read) expect.fail(`${read.problems.map(problemText).join('\n')}\nin\n${text}`)
  return read.config
}

describe('what is generated is what is in the tree', () => {
  test.each(generated())('$path is up to date: "npm run generate" would change nothing', ({ path, text }) => {
    expect(textOf(path)).toBe(text)
  })
})

describe('config/askfirst.yaml', () => {
  const text = textOf('config/askfirst.yaml')

  test('names its JSON schema in the first line, for editors', () => {
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./askfirst.schema.json')
  })

  test('says what the defaults say', () => {
    expect(configOf(text)).toEqual(configOf(''))
  })

  test('has every key, each with a comment before it', () => {
    const { value, spot } = readDocument(text, 'text')
    const lines = text.split('\n')
    expect(value).toBeDefined()
    for (const { path } of allKeys().filter(({ path }) => !path.includes('[]'))) {
      const { line } = spot(path, 'key')
      expect(lines[line - 1]?.trimStart(), path.join('.')).toMatch(new RegExp(`^${path.at(-1)}:`))
      expect(lines[line - 2], path.join('.')).toMatch(/^ *# +\S/)
    }
  })

  test('has examples that work when they are uncommented', () => {
    const examples = allKeys().filter(({ schema }) => schema.examples !== undefined)
    expect(examples.length).toBeGreaterThan(4)
    for (const { path, schema } of examples) {
      for (const example of schema.examples ?? []) {
        const nested = path.reduceRight<unknown>((value, step) => ({ [step]: value }), example)
        configOf(JSON.stringify(nested))
      }
    }
  })

  test('is readable: no line is longer than 110 columns', () => {
    expect(text.split('\n').filter((line) => line.length > 110)).toEqual([])
  })
})

describe('config/askfirst.schema.json', () => {
  const schema = jsonSchema()
  const nodes: { path: string; node: JsonSchema }[] = []
  const walk = (node: JsonSchema, path: string): void => {
    nodes.push({ path, node })
    for (const [key, inner] of Object.entries(node.properties ?? {})) walk(inner, `${path}.${key}`)
    if (node.items !== undefined) walk(node.items, `${path}[]`)
  }
  walk(schema, '')

  test('is draft 2020-12 with a title', () => {
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'askfirst configuration',
    })
  })

  test('refuses unknown keys everywhere', () => {
    const open = nodes.filter(({ node }) => node.properties !== undefined && node.additionalProperties !== false)
    expect(open.map(({ path }) => path)).toEqual([])
  })

  test('describes every key and gives its default', () => {
    const keys = allKeys()
    expect(keys.length).toBeGreaterThan(40)
    for (const { path, schema: node } of keys) {
      const name = path.join('.')
      expect(node.description, name).toMatch(/^[A-Z].*(\.|openssl rand -hex 24)$/)
      if (!path.includes('[]')) expect(node.default, name).toBeDefined()
    }
  })

  test('has defaults that are in order, each on its own', () => {
    for (const { path, schema: node } of allKeys().filter(({ path }) => !path.includes('[]'))) {
      configOf(JSON.stringify(path.reduceRight<unknown>((value, step) => ({ [step]: value }), node.default)))
    }
  })
})

describe('docs/configuration.md', () => {
  const recipes = blocksOf(textOf('docs/configuration.md'))
    .filter(({ language }) => language === 'yaml')
    .map(({ text }, i) => ({ number: i + 1, text }))

  test('has recipes', () => {
    expect(recipes.length).toBeGreaterThanOrEqual(3)
  })

  test.each(recipes)('has a valid configuration as recipe $number', ({ text }) => {
    configOf(text)
  })
})
