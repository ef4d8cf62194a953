// The reference of the configuration in two forms, made from the schema: the commented default file and the table of
// the docs. Reads and writes no file.
import { stringify } from 'yaml'
import { NEEDS_RESTART } from './diff.ts'
import type { JsonSchema, Key } from './json-schema.ts'
import { allKeys, jsonSchema } from './json-schema.ts'

/** Columns that a comment may use. */
const WIDTH = 100

const HEADER = `# yaml-language-server: $schema=./askfirst.schema.json
#
# The configuration of askfirst: the default and the reference. Every key stands here with the value
# that it has when it is left out, so a file of your own needs only what you want to change. An empty
# file works.
#
# "askfirst check" tells every mistake in a file, with line and key, before it is used. A change takes
# effect when the file is saved; where it needs a restart, the key says so. A file with a mistake
# changes nothing.
#
# Lengths of time are written 30s, 5m, 24h or 7d; sizes 512KiB, 32MiB or 1GiB. Paths are relative to
# the folder of this file. Put text that begins with a sign into quotes: "[::]:53", "*.example.org".
`

/** The text of `config/askfirst.yaml`: every key with its default, and what it is for. */
export function referenceYaml(): string {
  return `${HEADER}${Object.entries(jsonSchema().properties ?? {})
    .map(([name, schema]) => `\n${block(name, schema, [name])}`)
    .join('')}`
}

/** The table of `docs/configuration.md`: key, default, meaning. Markdown. */
export function referenceTable(): string {
  const rows = allKeys().map((key) => {
    const name = `\`${key.path.join('.').replaceAll('.[]', '[]')}\``
    return `| ${key.schema.properties === undefined ? name : `**${name}**`} | ${defaultCell(key)} | ${cell(sentences(key.schema, key.path))} |`
  })
  return ['| Key | Default | What it is |', '| --- | --- | --- |', ...rows].join('\n')
}

function block(name: string, schema: JsonSchema, path: readonly string[]): string {
  const comment = [
    ...wrap(sentences(schema, path)),
    ...itemLines(schema.items?.properties ?? {}, schema.items?.required ?? []),
    ...exampleLines(name, schema),
  ].map((line) => (line === '' ? '#' : `# ${line}`))
  const inner = Object.entries(schema.properties ?? {})
  if (inner.length === 0) return `${[...comment, yaml({ [name]: schema.default })].join('\n')}\n`
  const blocks = inner.map(([key, value]) => indent(block(key, value, [...path, key]), '  '))
  return `${[...comment, `${name}:`].join('\n')}\n${blocks.join('\n')}`
}

function sentences(schema: JsonSchema, path: readonly string[]): string {
  const about = schema.description ?? ''
  const words = schema.enum ?? []
  const parts = [
    about,
    words.every((word) => about.includes(word)) ? '' : `One of: ${words.join(', ')}.`,
    NEEDS_RESTART.some((key) => key.join('.') === path.join('.')) ? 'A change takes effect at the next start.' : '',
  ]
  return parts.filter((part) => part !== '').join(' ')
}

/** The keys of a list's items, as a small table of two columns. */
function itemLines(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): string[] {
  const names = Object.keys(properties)
  if (names.length === 0) return []
  const width = Math.max(...names.map((name) => name.length)) + 2
  const lines = Object.entries(properties).flatMap(([name, schema]) => {
    const fallback = schema.default === undefined ? '' : ` Default: ${String(schema.default)}.`
    const text = `${sentences(schema, [])}${fallback}${required.includes(name) ? ' Needed.' : ''}`
    return wrap(text, WIDTH - width - 2).map((line, i) => `  ${(i === 0 ? name : '').padEnd(width)}${line}`)
  })
  return ['Each item has:', ...lines]
}

function exampleLines(name: string, schema: JsonSchema): string[] {
  return (schema.examples ?? []).flatMap((example) => [
    'For example:',
    ...indent(yaml({ [name]: example }), '  ').split('\n'),
  ])
}

const yaml = (value: unknown): string => stringify(value, { lineWidth: 0 }).trimEnd()

const indent = (text: string, by: string): string => text.replace(/^(?=.)/gm, by)

function wrap(text: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Most items of a default that the table shows. */
const ITEMS_SHOWN = 3

function defaultCell({ schema, required }: Key): string {
  if (schema.properties !== undefined) return ''
  if (schema.default === undefined) return required ? 'needed' : '–'
  if (!Array.isArray(schema.default) || schema.default.length === 0) return code(JSON.stringify(schema.default))
  const shown = schema.default.slice(0, ITEMS_SHOWN).map((item) => code(String(item)))
  const rest = schema.default.length - shown.length
  return rest > 0 ? `${shown.join(' ')} and ${rest} more` : shown.join(' ')
}

const code = (text: string): string => `\`${text.replace(/^"(.*)"$/, '$1')}\``

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
