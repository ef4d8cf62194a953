// How the routes become an OpenAPI 3.1 document. Knows no route but by what each says of itself.
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

type Tree = Record<string, unknown>

/** Options of `@fastify/swagger`. With `locked`, every operation but those that say otherwise needs the token. */
export const openApi = (version: string, locked: boolean): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'askfirst',
      description: 'A local DNS resolver that names every connection that never asked for a name.',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    ...(locked ? { security: [{ token: [] }] } : {}),
  },
  transform: jsonSchemaTransform,
  transformObject: (document) => tidy(jsonSchemaTransformObject(document) as Tree),
})

/**
 * Each schema comes as one for requests and one for answers; only those that something refers to are of use. Requests
 * are closed; answers may grow by new keys in any version, so those must not forbid them.
 */
function tidy(document: Tree): Tree {
  const components = document['components'] as Tree
  const schemas = components['schemas'] as Tree
  const used = new Set<string>()
  const visit = (node: unknown, isAnswer: boolean): void => {
    if (typeof node !== 'object' || node === null) return
    if (isAnswer && 'additionalProperties' in node && node.additionalProperties === false)
      delete node.additionalProperties
    for (const [key, value] of Object.entries(node)) {
      const name = key === '$ref' && typeof value === 'string' ? value.slice(value.lastIndexOf('/') + 1) : undefined
      if (name === undefined) visit(value, isAnswer || key === 'responses')
      else if (!used.has(name)) {
        used.add(name)
        visit(schemas[name], isAnswer)
      }
    }
  }
  visit(document['paths'], false)
  const kept = Object.entries(schemas).filter(([name]) => used.has(name))
  return { ...document, components: { ...components, schemas: Object.fromEntries(kept.sort(byName)) } }
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
