// Forwards a question: to which set of upstreams, which of them, when the next one as well, and what it means when none
// answers.
import { EDE, type ExtendedError, type Query, RCODE } from '../base/question.ts'
import { EMPTY_BODY, type Reply } from '../base/reply.ts'
import type { UpstreamServer } from '../base/upstream-server.ts'
import type { Libc } from '../system/libc.ts'
import { Bootstrap } from './bootstrap.ts'
import { openCarriers } from './open-carriers.ts'
import type { Strategy, UpstreamSettings } from './settings.ts'
import { type Arranged, arrange } from './strategy.ts'
import { type FailedTry, type Try, Upstream, type UpstreamFigures } from './upstream.ts'
import { ZoneTable } from './zone-table.ts'

/** All upstreams as the pipeline's last step sees them. */
export interface Upstreams {
  readonly ask: (query: Query) => Promise<Reply>
  readonly figures: () => readonly UpstreamFigures[]
  /** Ends what is on its way: call it when nothing waits any more. */
  readonly close: () => void
}

/** What is not a setting. */
export interface Surroundings {
  /** For datagrams; left out, they go by node:dgram. */
  readonly libc?: Libc | undefined
  /** Numbers from 0 up to 1. */
  readonly chance?: () => number
  /** Certificates of authorities, PEM, in the place of those that Node brings along. */
  readonly ca?: string
}

/** Upstreams that are asked for the same names. */
interface Pool {
  readonly members: readonly Upstream[]
  readonly strategy: Strategy
  /** Asked while no member is up. */
  readonly fallback: readonly Upstream[]
}

/** Opens connections towards the servers as they are needed. */
export function openUpstreams(
  settings: UpstreamSettings,
  { chance = Math.random, ca, libc }: Surroundings = {},
): Upstreams {
  const bootstrap = new Bootstrap(settings.bootstrap, libc)
  const all: Upstream[] = []
  const uses = new Map<Upstream, string[]>()
  const open = (servers: readonly UpstreamServer[], use: string): readonly Upstream[] =>
    servers.map((server) => {
      // One that stands in several sets is one upstream, with one health and one set of connections.
      const known = all.find((upstream) => JSON.stringify(upstream.server) === JSON.stringify(server))
      const upstream = known ?? new Upstream(server, openCarriers(server, { settings, bootstrap, ca, libc }))
      if (known === undefined) all.push(upstream)
      uses.set(upstream, [...(uses.get(upstream) ?? []), use])
      return upstream
    })
  const outside: Pool = {
    members: open(settings.servers, 'servers'),
    strategy: settings.strategy,
    fallback: open(settings.fallback, 'fallback'),
  }
  const zones = new ZoneTable(
    settings.zones.flatMap(({ names, servers }) => {
      const set: Pool = { members: open(servers, names.join(' ')), strategy: settings.strategy, fallback: [] }
      return names.map((name) => [name, set] as const)
    }),
  )
  // A group's questions go to nobody else, also while none of its servers answers.
  const groups = settings.groups.map(({ group, servers }): Pool => {
    return { members: open(servers, `group:${group}`), strategy: settings.strategy, fallback: [] }
  })
  const poolOf = ({ name, route = 0 }: Query): Pool => zones.find(name) ?? groups[route - 1] ?? outside
  return {
    ask: (query) => forward(poolOf(query), { settings, chance, all }, query),
    figures: () => all.map((upstream) => upstream.figures(uses.get(upstream) ?? [])),
    close: () => {
      for (const upstream of all) upstream.close()
      bootstrap.close()
    },
  }
}

interface Persistence {
  readonly settings: Pick<UpstreamSettings, 'timeout' | 'attempts'>
  readonly chance: () => number
  readonly all: readonly Upstream[]
}

/**
 * Asks the upstreams of a set as its strategy says; the next one as well when one fails or takes much longer than it
 * usually does. The first usable answer wins. A server that found forged data has the last word: no other, which
 * perhaps does not look, is asked.
 */
function forward(set: Pool, { settings, chance, all }: Persistence, query: Query): Promise<Reply> {
  return new Promise((resolve) => {
    const { timeout, attempts } = settings
    const { order, atOnce } = willing(set, chance, (upstream) => void upstream.ask(query, timeout))
    let started = 0
    let running = 0
    let told: ExtendedError | undefined
    let done = false
    const finish = (reply: Reply): void => {
      done = true
      resolve(reply)
    }
    const again = (): void => {
      if (done || started >= attempts) return
      const upstream = order[started % order.length]
      if (upstream === undefined) {
        finish(failure(set.members.length === 0 ? 'none' : 'unreachable', undefined))
        return
      }
      started++
      running++
      const impatient = setTimeout(again, upstream.health.patience)
      void upstream.ask(query, timeout).then((result) => {
        clearTimeout(impatient)
        running--
        if (done) return
        if (result.kind === 'answer') return finish(success(result, query, all.indexOf(upstream)))
        told = result.error ?? told
        if (result.reason === 'bogus') return finish(failure('bogus', told))
        if (started < attempts) again()
        else if (running === 0) finish(failure(result.reason, told))
      })
    }
    for (let i = 0; i < atOnce; i++) again()
  })
}

/**
 * Whom to ask: members that are up, by the strategy; while none is, the fallback set, or those whose trial is due.
 * A trial beside others that are up is nobody's to wait for: the server is asked as well, and only its health hears of it.
 */
function willing(
  { members, strategy, fallback }: Pool,
  chance: () => number,
  tryOut: (upstream: Upstream) => void,
): Arranged<Upstream> {
  const up = members.filter(({ health }) => health.up)
  const others = up.length > 0 ? up : fallback.filter(({ health }) => health.up)
  if (up.length === members.length) return arrange(strategy, up, chance)
  const now = performance.now()
  const due = members.filter(({ health }) => health.takeTrial(now))
  if (others.length === 0) {
    const last = fallback.filter(({ health }) => health.takeTrial(now))
    return { order: [...due, ...last], atOnce: 1 }
  }
  due.forEach(tryOut)
  return arrange(strategy, others, chance)
}

function success({ scanned }: Extract<Try, { kind: 'answer' }>, query: Query, upstream: number): Reply {
  return {
    rcode: scanned.rcode,
    body: { kind: 'wire', message: scanned.message, since: query.received },
    outcome: { kind: 'forwarded', upstream },
    reusable: scanned.message.ttl,
  }
}

/** SERVFAIL with the reason in an extended error: the upstream's own word, or ours (RFC 8914 §4.23, §4.24). */
function failure(reason: FailedTry | 'none', told: ExtendedError | undefined): Reply {
  const { outcome, code, text } = FAILURES[reason]
  return {
    rcode: RCODE.SERVFAIL,
    body: EMPTY_BODY,
    outcome: { kind: 'failed', reason: outcome },
    error: told ?? { code, text },
    reusable: 0,
  }
}

const FAILURES = {
  none: { outcome: 'no-upstream', code: EDE.NETWORK_ERROR, text: 'no upstream is configured' },
  timeout: { outcome: 'upstream-timeout', code: EDE.NO_REACHABLE_AUTHORITY, text: 'no upstream answered in time' },
  unreachable: { outcome: 'no-upstream', code: EDE.NETWORK_ERROR, text: 'no upstream can be reached' },
  untrusted: { outcome: 'upstream-error', code: EDE.NETWORK_ERROR, text: 'no upstream could prove who it is' },
  busy: { outcome: 'overload', code: EDE.NETWORK_ERROR, text: 'too many questions are on their way' },
  malformed: {
    outcome: 'upstream-error',
    code: EDE.NO_REACHABLE_AUTHORITY,
    text: 'the upstreams sent malformed answers',
  },
  refused: { outcome: 'upstream-error', code: EDE.NO_REACHABLE_AUTHORITY, text: 'the upstreams refused' },
  servfail: { outcome: 'upstream-error', code: EDE.NO_REACHABLE_AUTHORITY, text: 'the upstreams failed' },
  bogus: { outcome: 'upstream-error', code: EDE.NO_REACHABLE_AUTHORITY, text: 'the upstream found forged data' },
} as const
