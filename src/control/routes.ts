// Every endpoint: what goes in, what comes out, which view answers. Knows nothing of who may ask.
// Long because it is the one table of every endpoint, a few lines each.
import type { SwaggerTransform } from '@fastify/swagger'
import type { FastifyReply } from 'fastify'
import { type FastifyPluginAsyncZod, jsonSchemaTransform, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { parseAddress } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import { bonusBody, changed, nameBody, pauseBody, ruleBody } from './change-schemas.ts'
import { explanation } from './explain-schema.ts'
import { failureOf } from './failures.ts'
import { lists, listsQuery, refreshBody, refreshing } from './lists-schema.ts'
import { metricsWriter } from './metrics.ts'
import {
  devices,
  explainQuery,
  failed,
  findingsPage,
  findingsQuery,
  flushBody,
  flushed,
  health,
  pauseChanged,
  reportCounts,
  reportsBody,
} from './schemas.ts'
import { stats } from './stats-schema.ts'
import type { Views } from './views.ts'

/** The name of this intake source in the figures. One for all senders: their addresses must not become labels. */
const HTTP_SOURCE = 'http'

const failures = {
  '4xx': failed.describe('what is wrong with the request'),
  '5xx': failed.describe('a fault of the server'),
}

/** Lines are text whatever the sender calls them; the last two are what curl and wget say unless they are told. */
const TEXT_TYPES = ['application/x-ndjson', 'application/octet-stream', 'application/x-www-form-urlencoded']
const OTHER_TYPE = Object.assign(new Error('send lines as text/plain or application/x-ndjson, or as JSON'), {
  statusCode: 415,
})

/** What a view says; a problem becomes a failure: 404 for what is not there, 409 for what cannot be done now. */
const told = <T extends object>(reply: FastifyReply, result: T | Problem): T =>
  'code' in result && 'message' in result
    ? (reply.code(result.code === 'ASKFIRST_E_HTTP_REQUEST' ? 404 : 409).send(failureOf(result)) as unknown as T)
    : (result as T)

/** All routes over one set of views. */
export const routes =
  (views: Views): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/api/v1/stats',
      {
        schema: {
          operationId: 'stats',
          summary: 'All figures: totals, top lists, upstreams, cache, lists, intake, verdicts',
          response: { 200: stats.describe('the figures'), ...failures },
        },
      },
      () => views.stats(),
    )

    app.get(
      '/api/v1/findings',
      {
        schema: {
          operationId: 'findings',
          summary: 'Connections that never asked for a name, and DNS that goes round this server',
          querystring: findingsQuery,
          response: { 200: findingsPage.describe('one page'), ...failures },
        },
      },
      async ({ query }, reply) => told(reply, await views.findings(query)),
    )

    app.get(
      '/api/v1/explain',
      {
        schema: {
          operationId: 'explain',
          summary: 'Why a name is blocked or not, what would be answered, and who was given it',
          querystring: explainQuery,
          response: { 200: explanation.describe('everything that bears on the name'), ...failures },
        },
      },
      async ({ query }, reply) => told(reply, await views.explain(query.name, query.device, query.via)),
    )

    app.get(
      '/api/v1/devices',
      {
        schema: {
          operationId: 'devices',
          summary: 'The devices that are known',
          response: { 200: devices.describe('all of them'), ...failures },
        },
      },
      () => views.devices(),
    )

    app.get(
      '/api/v1/lists',
      {
        schema: {
          operationId: 'lists',
          summary: 'The lists: what each gives, how current it is, what it shares with the others',
          querystring: listsQuery,
          response: { 200: lists.describe('all of them'), ...failures },
        },
      },
      ({ query }) => views.lists(query.compare === 'true'),
    )

    app.post(
      '/api/v1/lists/refresh',
      {
        schema: {
          operationId: 'refreshLists',
          summary: 'Asks for the lists from the web now, due or not',
          body: refreshBody,
          response: { 200: refreshing.describe('what is under way'), ...failures },
        },
      },
      async ({ body: { url } }, reply) => told(reply, await views.refreshLists(url)),
    )

    await app.register(async (scope) => {
      scope.addContentTypeParser(TEXT_TYPES, { parseAs: 'string' }, (_request, body, done) => done(null, body))
      scope.addContentTypeParser('*', { parseAs: 'string' }, ({ headers }, body, done) =>
        headers['content-type'] === undefined ? done(null, body) : done(OTHER_TYPE),
      )
      scope.withTypeProvider<ZodTypeProvider>().post(
        '/api/v1/reports',
        {
          config: { swaggerTransform: reportForms },
          schema: {
            operationId: 'reports',
            summary: "Lines of the firewall's log, as they are",
            body: reportsBody,
            response: { 200: reportCounts.describe('what became of the lines'), ...failures },
          },
        },
        ({ body }) => views.takeReports(typeof body === 'string' ? body : body.lines.join('\n'), HTTP_SOURCE),
      )
    })

    app.post(
      '/api/v1/pause',
      {
        schema: {
          operationId: 'pause',
          summary: 'Blocks nothing for a while, or ends that',
          body: pauseBody,
          response: { 200: pauseChanged.describe('how it is now'), ...failures },
        },
      },
      async ({ body: { seconds, ...scope }, ip }, reply) => {
        const by = `HTTP from ${parseAddress(ip) ?? ip}`
        return told(reply, await (seconds === 0 ? views.resume(by, scope) : views.pause(seconds, by, scope)))
      },
    )

    const change = { response: { 200: changed.describe('what holds now'), ...failures } }
    app.post(
      '/api/v1/rules',
      { schema: { operationId: 'rule', summary: 'Blocks or allows a name from now on', body: ruleBody, ...change } },
      async ({ body }, reply) => told(reply, await views.rule(body)),
    )
    app.post(
      '/api/v1/devices/name',
      { schema: { operationId: 'nameDevice', summary: 'Gives a device a name', body: nameBody, ...change } },
      async ({ body }, reply) => told(reply, await views.nameDevice(body)),
    )
    app.post(
      '/api/v1/bonus',
      {
        schema: {
          operationId: 'bonus',
          summary: 'Lets the hours of a group begin later, or gives it some minutes now',
          body: bonusBody,
          ...change,
        },
      },
      async ({ body: { group, minutes } }, reply) => told(reply, await views.bonus(group, minutes)),
    )

    app.post(
      '/api/v1/cache/flush',
      {
        schema: {
          operationId: 'flush',
          summary: 'Forgets what is cached for a name, or for a zone with all under it',
          body: flushBody,
          response: { 200: flushed.describe('what was forgotten'), ...failures },
        },
      },
      ({ body: { name, zone } }) => views.flush(name, zone),
    )

    app.get(
      '/healthz',
      {
        schema: {
          operationId: 'health',
          summary: 'Whether the server does its work; needs no token',
          security: [],
          response: { 200: health.describe('it does'), 503: health.describe('it does not'), ...failures },
        },
      },
      async (_request, reply) => {
        const state = await views.health()
        return reply.code(state.ok ? 200 : 503).send(state)
      },
    )

    const metrics = metricsWriter()
    app.get(
      '/metrics',
      {
        schema: {
          operationId: 'metrics',
          summary: 'The figures for Prometheus',
          produces: ['text/plain'],
          response: { 200: z.string().describe('Prometheus text format 0.0.4'), ...failures },
        },
      },
      async (_request, reply) => reply.type(metrics.contentType).send(await metrics.write(await views.stats())),
    )

    app.get(
      '/api/v1/openapi.json',
      {
        schema: {
          operationId: 'openapi',
          summary: 'This document',
          response: { 200: z.record(z.string(), z.unknown()).describe('OpenAPI 3.1'), ...failures },
        },
      },
      () => app.swagger() as unknown as Record<string, unknown>,
    )
  }

/** OpenAPI has a schema for each form of a body; validation has one for all. */
const reportForms: SwaggerTransform = (route) => {
  const { schema, url } = jsonSchemaTransform(route)
  const text = { schema: { type: 'string', description: 'one line a connection' } }
  const content = {
    'text/plain': text,
    'application/x-ndjson': text,
    'application/json': { schema: { $ref: '#/components/schemas/ReportLinesInput' } },
  }
  return { schema: { ...schema, body: { content } }, url }
}
