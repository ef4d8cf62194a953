// Composition root of a resolver: pipeline, lane, journal, upstreams, put together from settings and a policy. Knows
// no thread: `post` is where its messages go; packets come in through `answerer`.
// Long because the whole answer path is put together in one place.
import { addressBytes } from './base/address.ts'
import type { After, Clock } from './base/clock.ts'
import type { Problem } from './base/failure.ts'
import { type Live, Swappable } from './base/live.ts'
import { wireFromName } from './base/name.ts'
import { rcodeName, TYPE, typeName } from './base/question.ts'
import { atOnce, inTurns, type Pieces } from './base/turns.ts'
import { BatchWriter } from './journal/batch.ts'
import { HouseZone } from './names/house-zone.ts'
import type { NamesSnapshot } from './names/snapshot.ts'
import { Answerer } from './pipeline/answer.ts'
import { AnswerCache } from './pipeline/cache/answer-cache.ts'
import { dumpCache, restoreCache } from './pipeline/cache/cache-dump.ts'
import { clientSubnet } from './pipeline/client-subnet.ts'
import { type Admission, Clients, type GroupOf } from './pipeline/clients.ts'
import { Cookies, secretsFrom } from './pipeline/cookies.ts'
import { EdnsReplies, noOptionCounts, type OptionCounts } from './pipeline/edns.ts'
import { Entrances } from './pipeline/entrances.ts'
import { FastLane, type StillOpen } from './pipeline/fast-lane.ts'
import { Limits } from './pipeline/limits.ts'
import { order, type Stages } from './pipeline/order.ts'
import { ownQuestion, resolveName } from './pipeline/own-question.ts'
import { type Household, PLAINLY, Profiles } from './pipeline/profiles.ts'
import { type Rehearsed, rehearsals } from './pipeline/rehearsal.ts'
import type { Stage } from './pipeline/stage.ts'
import { cacheStage } from './pipeline/stages/cache.ts'
import { coalesce, MAX_FLIGHTS } from './pipeline/stages/coalesce.ts'
import { discovery } from './pipeline/stages/discovery.ts'
import { dns64 } from './pipeline/stages/dns64.ts'
import { guard } from './pipeline/stages/guard.ts'
import { inspect } from './pipeline/stages/inspect.ts'
import { local } from './pipeline/stages/local.ts'
import { rebinding } from './pipeline/stages/rebinding.ts'
import { route, routeOf } from './pipeline/stages/route.ts'
import { safeSearch } from './pipeline/stages/safe-search.ts'
import { type Blocking, sinkhole } from './pipeline/stages/sinkhole.ts'
import { special } from './pipeline/stages/special.ts'
import type { Policy } from './policy/decision.ts'
import { openInPieces } from './policy/policy.ts'
import type { Libc } from './system/libc.ts'
import type {
  FromResolver,
  NameLooked,
  PolicySnapshot,
  ResolverFigures,
  ResolverSettings,
  ToResolver,
} from './threads/messages.ts'
import { unpackConditionals } from './threads/packed.ts'
import { noHttpStatuses, type Reception } from './transport/accept.ts'
import { Connections } from './transport/connections.ts'
import { ProxiedDatagrams } from './transport/udp-proxy.ts'
import { openUpstreams, type Upstreams } from './upstream/forward.ts'
import { answerTexts } from './wire/answer-text.ts'
import { u32 } from './wire/bytes.ts'

/** A change of settings leaves queries on their way to the old upstreams this long to come back. */
const FAREWELL_MS = 15_000
/** Of the cache's size. The lane repeats what the cache holds in a third of the bytes, and is asked first. */
const LANE_SHARE = 1 / 3

/** A resolver without its sockets. */
export interface Resolver {
  readonly answerer: Answerer
  readonly clients: Clients
  /** What its listeners of streams share. */
  readonly reception: Reception
  /** What those of datagrams share. */
  readonly proxied: ProxiedDatagrams
  readonly journal: BatchWriter
  /** Obeys a message of the control thread; sockets and certificates are the thread's own affair. */
  readonly obey: (message: Exclude<ToResolver, { kind: 'start' | 'close' | 'listen' | 'pair' | 'tickets' }>) => void
  readonly close: () => void
}

/** What a resolver is made of; everything that touches the world comes in here. */
export interface ResolverParts {
  readonly settings: ResolverSettings
  readonly policy: PolicySnapshot
  readonly names: NamesSnapshot
  readonly clock: Clock
  readonly post: (message: FromResolver) => void
  /** For datagrams to upstreams; left out, they go by node:dgram. */
  readonly libc?: Libc | undefined
  /** How else questions leave the house. */
  readonly upstreams?: (settings: ResolverSettings) => Upstreams
  /** Left out: there are no groups. */
  readonly household?: Household
  /** How to wait. */
  readonly after?: After
  /** How to let answers have their turn. */
  readonly later?: (run: () => void) => void
  /** Bytes that nobody can guess; all resolver threads have the same. */
  readonly seed: Uint8Array
  /** Other threads listen at the same addresses. */
  readonly shared?: boolean
}

/** Puts a resolver together. */
export function createResolver(world: ResolverParts): Resolver {
  const { settings, post } = world
  const policy = new Swappable<Policy>(atOnce(open(world.policy)))
  const pause = { active: false }
  const made = { synthesised: 0, options: noOptionCounts() }
  const names: Live<HouseZone> = { current: new HouseZone(world.names) }
  const profiles = new Profiles(policy, world.household)
  const journal = new BatchWriter(
    (batch) => post({ kind: 'batch', batch }),
    (number) => profiles.groupsFrom(number),
  )
  const connections = new Connections(settings.serving.connections, world.clock)
  const cookies = new Cookies(secretsFrom(world.seed))
  const firstStore = storeFor(settings, world.clock)
  const blocking = { policy, profiles, pause, clock: world.clock }
  let parts = assemble(settings, blocking, names, made, journal, world, firstStore, cookies)
  const groupOf: GroupOf = (client) => profiles.of(client)
  const clients = new Clients(admission(settings), parts.limits, groupOf)
  const entrances = new Entrances(clients, (own, listener) => {
    return new Clients(own, parts.limits, groupOf, clients, listener)
  })
  entrances.use(settings.serving.access, settings.serving.proxyDatagrams)
  entrances.regroup(profiles.listeners)
  const proxied = new ProxiedDatagrams()
  const regroup = (household?: Household): void => {
    profiles.refresh(household)
    entrances.regroup(profiles.listeners)
  }
  const reception: Reception = {
    connections,
    entrances,
    shared: world.shared ?? false,
    trust: settings.serving.trust,
    name: settings.serving.name,
    httpStatuses: noHttpStatuses(),
  }
  const answerer = new Answerer(parts)
  const figures = (): ResolverFigures => ({
    cpu: [processorTime()],
    cache: { ...parts.cache.figures(), bytes: parts.store.size.bytes + parts.lane.bytes },
    lane: parts.lane.size,
    clients: entrances.size,
    synthesised: made.synthesised,
    options: { ...made.options },
    floods: parts.limits.floods,
    dropped: answerer.dropped,
    proxied: { proxied: proxied.proxied, faulty: proxied.faulty },
    connections: connections.figures,
    httpStatuses: reception.httpStatuses,
    upstreams: parts.upstreams.figures(),
  })
  /** The next policy, while it is being made ready; the one before decides until then. */
  let giveUp = (): void => {}
  const swap = (next: Policy): void => {
    journal.flush()
    policy.swap(next)
    regroup()
    parts.lane.repolicy()
    tellUsing()
  }
  const tellUsing = (): void => {
    const upstreams = parts.upstreams.figures().map(({ server }) => server)
    post({ kind: 'using', generation: policy.current.generation, upstreams })
  }
  tellUsing()
  return {
    answerer,
    clients,
    reception,
    proxied,
    journal,
    obey(message) {
      switch (message.kind) {
        case 'policy': {
          const { clock, later = setImmediate } = world
          giveUp()
          giveUp = inTurns(open(message.policy), { ticks: clock.ticks, later }, swap)
          return
        }
        case 'household':
          regroup(message.household)
          parts.lane.invalidate()
          return
        case 'pause':
          pause.active = message.active
          parts.lane.invalidate()
          return
        case 'names':
          names.current.apply(message.change)
          parts.lane.invalidate()
          return
        case 'settings': {
          const old = parts
          journal.flush()
          const { settings: next } = message
          const store = sameAnswers(old.settings, next) ? old.store : storeFor(next, world.clock)
          parts = assemble(next, blocking, names, made, journal, world, store, cookies)
          answerer.use(parts)
          clients.admitFrom(admission(next), parts.limits)
          entrances.use(next.serving.access, next.serving.proxyDatagrams)
          connections.use(next.serving.connections)
          reception.trust = next.serving.trust
          reception.name = next.serving.name
          tellUsing()
          setTimeout(() => old.upstreams.close(), FAREWELL_MS).unref()
          return
        }
        case 'read':
          journal.acknowledge(message.bytes, message.buffer)
          return
        case 'look':
          void look(parts, profiles, message, world.clock).then((found) =>
            post({ kind: 'looked', token: message.token, found }),
          )
          return
        case 'flush':
          post({ kind: 'flushed', token: message.token, gone: parts.cache.flush(message.name, message.zone) })
          parts.lane.invalidate()
          return
        case 'dump':
          void dump(parts.store, world.clock).then((chunks) => post({ kind: 'dumped', token: message.token, chunks }))
          return
        case 'restore': {
          const { stale } = parts.settings.cacheHabits
          const restored = restoreCache(parts.store, world.clock, message.chunk, stale?.max ?? 0)
          post({ kind: 'restored', token: message.token, restored })
          return
        }
        case 'resolve':
          void resolveName(parts.pipeline, message.name, world.clock.ticks()).then((resolved) =>
            post({ kind: 'resolved', token: message.token, resolved }),
          )
          return
        case 'sync':
          journal.flush()
          post({ kind: 'synced', token: message.token, figures: figures() })
          return
      }
    },
    close: () => {
      giveUp()
      journal.flush()
      connections.close()
      parts.upstreams.close()
    },
  }
}

/** Of this thread, µs. */
function processorTime(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

const storeFor = ({ cache }: ResolverSettings, clock: Clock): AnswerCache =>
  new AnswerCache({ ...cache, bytes: cache.bytes * (1 - LANE_SHARE) }, clock)

const admission = ({ allowFrom, serving }: ResolverSettings): Admission => ({
  plain: allowFrom,
  ...serving.allowFrom,
  proxies: serving.proxyDatagrams,
})

function* open({ buffer, lists, generation, conditionals }: PolicySnapshot): Pieces<Policy> {
  const unpacked = conditionals && (yield* unpackConditionals(conditionals))
  return yield* openInPieces(buffer, lists, generation, unpacked)
}

/** Everything that is made anew when the settings change. */
function assemble(
  settings: ResolverSettings,
  rules: Omit<Blocking, 'answer'>,
  names: Live<HouseZone>,
  made: { synthesised: number; readonly options: OptionCounts },
  journal: BatchWriter,
  { clock, post, seed, libc, upstreams: openThem, after = timer }: ResolverParts,
  store: AnswerCache,
  cookies: Cookies,
) {
  const onFault = (fault: unknown): void => post({ kind: 'trouble', problem: internal(fault) })
  const upstreams = openThem?.(settings) ?? openUpstreams(settings.upstreams, { libc })
  const cache = cacheStage({ store, habits: settings.cacheHabits, clock, after, onFault })
  const { dns64: nat64, rebinding: rebound, forwarded } = settings.names
  const specials = special(names, settings.names)
  const locals = local({ names, forwarded, special: specials, clock })
  const own: Stage = (query, next) => specials(query, (further) => locals(further, next))
  const blocking = { ...rules, answer: settings.sinkhole }
  const outside = { asked: 0 }
  const routes = settings.upstreams.groups.map(({ group }) => group)
  const stages: Stages = {
    guard: guard(settings.identity),
    discovery: settings.serving.designated && discovery(settings.serving.designated),
    special: specials,
    local: locals,
    sinkhole: sinkhole(blocking),
    safeSearch: settings.safeSearch ? safeSearch(rules.profiles, clock) : undefined,
    dns64: nat64 && dns64({ settings: nat64, own, clock, figures: made }),
    inspect: inspect(blocking),
    rebinding: rebound && rebinding(rebound, forwarded),
    clientSubnet: clientSubnet(settings.edns.clientSubnet),
    route: route(rules.profiles, routes),
    cache: cache.stage,
    coalesce: coalesce(MAX_FLIGHTS, u32(seed, 0)),
    upstream: (query) => {
      outside.asked++
      return upstreams.ask(query)
    },
  }
  const ownDns64 = nat64 && dns64({ settings: nat64, own, clock, figures: { synthesised: 0 } })
  // Where each reply depends on its asker's cookie, nothing can be repeated.
  const laneBytes = settings.edns.cookies === 'require' ? 0 : settings.cache.bytes * LANE_SHARE
  const lane = new FastLane(laneBytes, settings.udpSize, stillOpen(rules), made.options)
  const edns = new EdnsReplies(settings.edns, cookies, clock, made.options)
  const limits = new Limits(settings.limits, clock, (flood) => post({ kind: 'flood', flood }))
  return {
    settings,
    pipeline: order(stages),
    rehearse: rehearsals({ ...stages, dns64: ownDns64 }, store, clock),
    lane,
    store,
    cache,
    upstreams,
    journal,
    outside,
    clock,
    edns,
    limits,
    udpSize: settings.udpSize,
    onFault,
  }
}

/** What was answered from the cache stands under a new policy where that has nothing to say of it. */
const stillOpen =
  ({ policy, profiles }: Pick<Blocking, 'policy' | 'profiles'>): StillOpen =>
  (wire, type, group) => {
    const { current } = policy
    if (current.watchesAddresses || current.watchesClients) return false
    const decision = current.decide(wire, 0, profiles.at(group).audience, type)
    return decision.kind === 'none' && decision.passed === undefined
  }

/** Whether answers that were kept under `a` are good under `b`: another upstream may say something else. */
const sameAnswers = (a: ResolverSettings, b: ResolverSettings): boolean =>
  JSON.stringify([a.cache, a.upstreams, a.edns.clientSubnet]) ===
  JSON.stringify([b.cache, b.upstreams, b.edns.clientSubnet])

const timer: After = (ms, run) => {
  const running = setTimeout(run, ms)
  return () => clearTimeout(running)
}

/** The cache in chunks; between two of them answers have their turn. */
async function dump(store: AnswerCache, clock: Clock): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for (const chunk of dumpCache(store, clock)) {
    chunks.push(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return chunks
}

/** What is known of a name: what the cache holds, and what would be answered, of the types that `explain` shows. */
async function look(
  { settings, store, rehearse }: Pick<ReturnType<typeof assemble>, 'settings' | 'store' | 'rehearse'>,
  profiles: Profiles,
  { name, from = NOBODY, manner }: Pick<Extract<ToResolver, { kind: 'look' }>, 'name' | 'from' | 'manner'>,
  clock: Clock,
): Promise<NameLooked> {
  const bytes = addressBytes(from) ?? new Uint8Array(4)
  const stranger = from === NOBODY && manner === undefined
  const group = stranger ? 0 : profiles.of({ address: from, bytes, ...(manner ?? PLAINLY) })
  const route = routeOf(
    profiles,
    settings.upstreams.groups.map((one) => one.group),
    group,
  )
  const kept = [TYPE.A, TYPE.AAAA, TYPE.HTTPS].flatMap((type) =>
    store.peek(name, type, route).map(async ({ rcode, message, left }) => ({
      type: typeName(type),
      rcode: rcodeName(rcode),
      ttl: left,
      records: await answerTexts(message.bytes),
      targets: message.targets,
      addresses: message.handOuts.map(({ address }) => address),
    })),
  )
  const wire = wireFromName(name) ?? new Uint8Array(1)
  const would = (type: number): Promise<Rehearsed> =>
    rehearse(ownQuestion(name, wire, type, clock.ticks(), { client: from, group, clientId: manner?.id }))
  const [A, AAAA, HTTPS] = [await would(TYPE.A), await would(TYPE.AAAA), await would(TYPE.HTTPS)]
  return { kept: await Promise.all(kept), would: { A, AAAA, HTTPS } }
}

/** An address that nobody has: who asks from there is in no group. */
const NOBODY = '0.0.0.0'

const internal = (fault: unknown): Problem => ({
  code: 'ASKFIRST_E_INTERNAL',
  message: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
  hint: 'The query was answered with SERVFAIL. Please report this.',
})
