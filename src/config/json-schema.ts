// The JSON schema of the configuration file, and what keys there are. Knows the schema, no file.
import { z } from 'zod'
import { configSchema } from './schema.ts'

/** The part of a JSON schema (draft 2020-12) that ours uses. */
export interface JsonSchema {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
}

/** What people may write in the file, for editors and for the reference. Source: JSON Schema draft 2020-12. */
export function jsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ zodSchema, jsonSchema: node }) => {
      // The library leaves examples out where a value is changed as it is read; ours are values as they are written.
      const examples = z.globalRegistry.get(zodSchema)?.examples
      if (Array.isArray(examples)) Object.assign(node, { examples })
      // A section whose lines are all commented out is empty, and an empty section is its default.
      if (node.type === 'object' && node.default !== undefined) Object.assign(node, { type: ['object', 'null'] })
    },
  }) as JsonSchema
}

/** One key of the configuration. */
export interface Key {
  /** From the root; `[]` stands for the items of a list: `exempt`, `[]`, `to`. */
  readonly path: readonly string[]
  readonly schema: JsonSchema
  /** True where it must be given. */
  readonly required: boolean
}

/** Every key, sections before their keys, in the order of the schema. */
export function allKeys(schema: JsonSchema = jsonSchema(), path: readonly string[] = []): readonly Key[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
    const key = { path: [...path, name], schema: inner, required: schema.required?.includes(name) === true }
    const items = inner.items === undefined ? [] : allKeys(inner.items, [...key.path, '[]'])
    return [key, ...allKeys(inner, key.path), ...items]
  })
}
