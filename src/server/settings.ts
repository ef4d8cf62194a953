// The configuration cut into what each part needs. Values in, values out.
import type { Address, Mac } from '../base/address.ts'
import { plainServer, type UpstreamPlace, type UpstreamServer, upstreamText } from '../base/upstream-server.ts'
import type { Config } from '../config/schema.ts'
import type { LedgerOptions } from '../ledger/ledger.ts'
import type { ListSources } from '../lists/sources.ts'
import type { BlockAnswer } from '../policy/block-answer.ts'
import type { Group } from '../policy/group.ts'
import type { OwnRules } from '../policy/own-rules.ts'
import type { Schedule } from '../policy/schedule.ts'
import type { NameSettings, ResolverSettings, ServingSettings } from '../threads/messages.ts'
import type { UpstreamSettings } from '../upstream/settings.ts'
import type { PairFiles } from './certificate-keeper.ts'
import { designated } from './designated.ts'
import type { HouseSettings } from './house-names.ts'
import type { GroupSettings } from './household.ts'

/** What a resolver thread needs. */
export const resolverSettings = (config: Config, own: readonly Address[]): ResolverSettings => ({
  allowFrom: config.allowFrom,
  upstreams: upstreamSettings(config),
  sinkhole: sinkholeAnswer(config),
  safeSearch: config.groups.some((group) => group.safeSearch.length > 0),
  cache: {
    bytes: config.cache.size,
    minTtl: config.cache.minTtl,
    maxTtl: config.cache.maxTtl,
    maxNegativeTtl: config.cache.maxNegativeTtl,
  },
  cacheHabits: {
    stale: config.cache.serveStale ? { max: config.cache.maxStale, wait: config.cache.staleWait } : undefined,
    failureTtl: config.cache.failureTtl,
    prefetch: config.cache.prefetch,
  },
  udpSize: config.udpSize,
  edns: {
    cookies: config.edns.cookies,
    clientSubnet: config.edns.clientSubnet,
    nsid: config.identity.nsid ?? undefined,
    idle: config.connections.idle,
  },
  limits: config.limits,
  identity: { version: config.identity.version ?? undefined, host: config.identity.host ?? undefined },
  serving: servingSettings(config, own),
  names: nameSettings(config),
})

/** How connections are taken and kept. */
const servingSettings = (config: Config, own: readonly Address[]): ServingSettings => {
  const { connections, tls, https, certificate, allowFrom, access } = config
  return {
    connections: { most: connections.most, perClient: connections.perClient, idle: connections.idle },
    trust: { proxyProtocol: connections.proxyProtocol, httpProxies: https.proxies },
    proxyDatagrams: connections.proxyProtocolUdp,
    allowFrom: { tls: tls.allowFrom ?? allowFrom, https: https.allowFrom ?? allowFrom },
    access: access.map(({ at, allowFrom: own }) => ({ ...at, allowFrom: own })),
    name: certificate.name ?? undefined,
    designated: designated(config, own),
  }
}

/** Where certificate and key are; undefined where nothing needs them. The configuration has been checked for both. */
export function pairFiles({ tls, https, certificate: { file, key } }: Config): PairFiles | undefined {
  if ((tls.listen.length === 0 && https.listen.length === 0) || file === null || key === null) return undefined
  return { certificate: file, key }
}

/** Where questions go: each server with what the options say about it. */
function upstreamSettings({ upstreams, groups }: Config): UpstreamSettings {
  const { servers, fallback, zones, options, ...rest } = upstreams
  const known = new Map(options.map((option) => [upstreamText(option.server), option]))
  const whole = (place: UpstreamPlace): UpstreamServer => {
    const option = known.get(upstreamText(place))
    if (option === undefined) return plainServer(place)
    const { addresses, certificateName = place.certificateName, pins, trustAd, weight } = option
    return { ...place, addresses, certificateName, pins, trustAd, weight }
  }
  return {
    ...rest,
    servers: servers.map(whole),
    fallback: fallback.map(whole),
    zones: zones.map((zone) => ({ names: zone.names.flat(), servers: zone.servers.map(whole) })),
    groups: groups.flatMap(({ name, upstreams: own }) =>
      own.length === 0 ? [] : [{ group: name, servers: own.map(whole) }],
    ),
  }
}

/** What blocked names get. */
export const sinkholeAnswer = ({ blocking }: Config): BlockAnswer => blockAnswerOf(blocking)

const blockAnswerOf = ({ answer, addresses, ttl }: Pick<Config['blocking'], 'answer' | 'addresses' | 'ttl'>) => ({
  mode: answer,
  addresses,
  ttl,
})

/** How names are treated that are not simply the outside's. */
export const nameSettings = ({ special, dns64, rebinding, upstreams }: Config): NameSettings => ({
  canaries: special.canaries,
  forwarded: [...special.forward, ...upstreams.zones.flatMap(({ names }) => names.flat())],
  dns64: dns64.enabled
    ? { prefix: dns64.prefix, exceptClients: dns64.exceptClients, exceptNames: dns64.exceptNames }
    : undefined,
  rebinding: rebinding.protect ? { except: rebinding.except } : undefined,
})

/** What the house calls its devices and services. */
export const houseSettings = (config: Config): HouseSettings => ({
  domain: config.network.domain ?? undefined,
  ttl: config.network.ttl,
  records: config.records.map(({ ttlGiven, ...record }) =>
    ttlGiven ? record : { ...record, ttl: config.network.ttl },
  ),
  rewrites: config.rewrites,
  hosts: config.hosts,
  leases: config.devices.leases,
})

/** Where the lists are, and whom they are for; with the rules that were written at run time. */
export const listSources = ({ lists, groups, blocking }: Config, own: readonly OwnRules[] = []): ListSources => ({
  folder: lists.folder,
  files: lists.files,
  block: lists.block,
  allow: lists.allow,
  audience: {
    groups: groups.map(({ name, lists: patterns, block, allow, services, only }) => ({
      name,
      lists: patterns,
      block,
      allow,
      services,
      only,
    })),
    answers: blocking.lists.map((item) => ({ lists: item.lists, answer: blockAnswerOf(item) })),
    own,
    awaited: lists.urls.map(({ url }) => url),
  },
})

/** Groups and their hours. */
export const groupSettings = (config: Config): GroupSettings => ({ groups: groupsOf(config), hours: hoursOf(config) })

/** Who is in which group, and what that means beside the lists. */
const groupsOf = ({ groups }: Config): readonly Group[] =>
  groups.map(({ name, members, withDefault, only, blocking, safeSearch, upstreams }) => ({
    name,
    members,
    withDefault,
    only,
    answer: blocking && blockAnswerOf(blocking),
    safeSearch,
    upstreams: upstreams.length > 0,
  }))

/** When each group holds that has hours; `local` is the zone of this machine. */
const hoursOf = ({ groups, schedules }: Config): ReadonlyMap<string, Schedule> =>
  new Map(
    groups.flatMap(({ name, schedule }) => {
      const found = schedules.find((one) => one.name === schedule)
      return found === undefined ? [] : [[name, scheduleOf(found)] as const]
    }),
  )

const scheduleOf = ({ name, timeZone, when, except }: Config['schedules'][number]): Schedule => ({
  name,
  zone: timeZone === 'local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : timeZone,
  spans: when,
  exceptions: except.map(({ from, to = from, set }) => ({ from, to, set })),
})

/** How the ledger judges. `self` are this machine's addresses, `given` the names that were given at run time. */
export const ledgerOptions = (
  config: Config,
  self: readonly Address[],
  given?: ReadonlyMap<Mac, string>,
): Omit<LedgerOptions, 'born' | 'slack' | 'limits'> => ({
  window: config.evidence.window,
  holdBack: config.evidence.holdBack,
  learning: config.evidence.learning,
  deviceLearning: config.evidence.deviceLearning,
  inside: config.network.inside,
  self,
  sinkhole: config.blocking.addresses,
  exempt: config.exempt,
  names: deviceNames(config, given),
})

/** The names that people gave their devices, by MAC as the ledger writes it. */
export const deviceNames = (
  { devices }: Config,
  given: ReadonlyMap<Mac, string> = new Map(),
): ReadonlyMap<Mac, string> => new Map([...Object.entries(devices.names), ...given])
