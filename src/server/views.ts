// What the HTTP API shows, put together from the parts that know it.
import type { Clock, EpochMs } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import { cacheStats, journalStats, listStats, threadStats, upstreamStats } from '../control/figures.ts'
import { pageOf } from '../control/page.ts'
import { type PauseState, timeText } from '../control/schemas.ts'
import type { Stats } from '../control/stats-schema.ts'
import type { Views } from '../control/views.ts'
import type { Intake, SourceHealth } from '../intake/intake.ts'
import type { Tally } from '../journal/tally.ts'
import type { DeviceId } from '../ledger/device.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Downloads } from '../lists/download/downloads.ts'
import type { NameSettings, ResolverFigures } from '../threads/messages.ts'
import type { ResolverLink } from '../threads/resolver-link.ts'
import type { CertificateKeeper } from './certificate-keeper.ts'
import { addRule, deviceOf, grantBonus, nameDevice, pause } from './changes.ts'
import { explain } from './explain.ts'
import type { GroupFigures } from './group-figures.ts'
import type { HouseNames } from './house-names.ts'
import type { HouseholdKeeper } from './household.ts'
import { changeStats, groupStats } from './household-stats.ts'
import { downloadStats, listChanges, listView } from './list-view.ts'
import type { OwnRulesKeeper } from './own-rules.ts'
import type { Pause, Pausing } from './pausing.ts'
import type { PolicyKeeper } from './policy-keeper.ts'

/** The parts behind the views. */
export interface Parts {
  readonly clock: Clock
  readonly started: EpochMs
  readonly version: string
  readonly tally: Tally
  readonly ledger: Ledger
  readonly intake: Intake
  readonly policy: PolicyKeeper
  readonly pausing: Pausing
  readonly household: HouseholdKeeper
  readonly groupFigures: GroupFigures
  readonly own: OwnRulesKeeper
  readonly resolver: ResolverLink
  readonly names: HouseNames
  /** Where something encrypted is served. */
  readonly certificate: CertificateKeeper | undefined
  readonly downloads: Downloads
  /** What may change by a reload. */
  readonly settings: () => {
    readonly learning: number
    readonly cacheBytes: number
    readonly names: NameSettings
  }
  /** What keeps the server from its work; empty where nothing does. */
  readonly troubles: () => readonly string[]
}

/** Fills the port of the API. */
export function views(parts: Parts): Views {
  const { clock, ledger, policy } = parts
  const nameOf = (device: DeviceId): string | undefined => ledger.nameOf(device)
  return {
    stats: async () => statsOf(parts, await parts.resolver.sync()),
    findings: (query) => {
      const device = query.device && deviceOf(parts, query.device)
      return typeof device === 'object' ? device : pageOf(ledger.findings(), { ...query, device }, nameOf)
    },
    explain: (name, ref, manner) => {
      const device = ref && deviceOf(parts, ref)
      if (typeof device === 'object') return device
      const address = ref?.startsWith('ip:') === true ? ref.slice(3) : undefined
      return explain({ ...parts, pause: pauseView(parts.pausing.state) }, name, device, manner, address)
    },
    devices: () => ({
      devices: ledger.devices().map((device) => ({
        id: device.id,
        name: device.name ?? null,
        mac: device.mac ?? null,
        addresses: [...device.addresses],
        shared: device.shared,
        asks: device.asks,
        first: timeText(device.first),
        last: timeText(device.last),
      })),
    }),
    lists: listView({ policy, downloads: parts.downloads, counters: () => parts.tally.counters() }),
    refreshLists: (url) => {
      const lists = parts.downloads.refresh(url)
      return url !== undefined && lists.length === 0 ? noList(url) : { lists: [...lists] }
    },
    takeReports: (text, source) => parts.intake.takeText(text, source),
    pause: (seconds, by, scope) => pause(parts, seconds, by, scope),
    resume: (by, scope) => pause(parts, 0, by, scope),
    rule: (body) => addRule(parts, body),
    nameDevice: (body) => nameDevice(parts, body),
    bonus: (group, minutes) => grantBonus(parts, group, minutes),
    flush: async (name, zone) => ({ name, zone, flushed: await parts.resolver.flush(name, zone) }),
    health: () => {
      const reasons = [...parts.troubles()]
      if (clock.now() < parts.started) reasons.push('the clock of this machine was set back since the start')
      return { ok: reasons.length === 0, reasons }
    },
  }
}

const noList = (url: string): Problem => ({
  code: 'ASKFIRST_E_HTTP_REQUEST',
  message: `there is no list from ${safeText(url, 200)}`,
  place: { path: 'url' },
  hint: 'Name it as it stands under "lists.urls"; "askfirst lists --json" shows it.',
})

const pauseView = ({ active, until, by }: Pause): PauseState => ({
  active,
  until: until === undefined ? null : timeText(until),
  by: by ?? null,
})

function statsOf(parts: Parts, figures: ResolverFigures): Stats {
  const { clock, ledger, tally, policy, started, version } = parts
  const now = clock.now()
  const counters = tally.counters()
  const known = ledger.stats()
  const { learning, cacheBytes } = parts.settings()
  const learned = known.born + learning
  return {
    version,
    started: timeText(started),
    uptime: Math.max(0, (now - started) / 1000),
    ...journalStats(tally, now, (device) => ledger.nameOf(device)),
    threads: threadStats(figures.cpu, counters),
    connections: figures.connections,
    edns: { ...figures.options },
    datagrams: { noQuery: figures.dropped, ...figures.proxied },
    httpStatuses: { ...figures.httpStatuses },
    certificate: certificateView(parts.certificate),
    upstreams: upstreamStats(figures.upstreams, counters),
    cache: cacheStats({ ...figures.cache, maxBytes: cacheBytes, laneEntries: figures.lane }, counters),
    limits: {
      floods: figures.floods.map((flood) => ({ ...flood, since: timeText(flood.since), last: timeText(flood.last) })),
    },
    policy: {
      generation: policy.policy.generation,
      blocked: policy.policy.blocked,
      allowed: policy.policy.allowed,
      loaded: timeText(policy.loaded),
    },
    lists: listStats(policy.lists, counters, listChanges(policy, parts.downloads)),
    groups: groupStats(parts),
    changes: changeStats(parts),
    names: nameStats(parts.names, figures),
    downloads: downloadStats(parts.downloads),
    intake: parts.intake.health.map(sourceView),
    verdicts: { ...known.verdicts },
    evidence: {
      handOuts: known.evidence.handOuts,
      devices: known.evidence.devices,
      dropped: known.evidence.dropped,
      strangers: known.devices.strangers,
      strangersForgotten: known.devices.forgotten,
      findings: known.findings,
      waiting: known.docket.waiting,
      overflowed: known.docket.refused,
    },
    evidenceLostUntil: known.lostUntil > now ? timeText(known.lostUntil) : null,
    learning: { active: now < learned, until: now < learned ? timeText(learned) : null },
    pause: pauseView(parts.pausing.state),
  }
}

const nameStats = (names: HouseNames, { synthesised }: ResolverFigures): Stats['names'] => {
  const { counts, refused, overflowed, rewrites } = names.counts
  return {
    domain: names.domain ?? null,
    records: { ...counts },
    rewrites,
    refusedLeases: { ...refused },
    overflowed,
    synthesised,
    files: names.files.map((file) => ({ ...file })),
  }
}

const certificateView = (keeper: CertificateKeeper | undefined): Stats['certificate'] =>
  keeper === undefined
    ? null
    : {
        names: [...keeper.facts.names],
        until: timeText(keeper.facts.until),
        problem: keeper.problem === undefined ? null : `${keeper.problem.message} [${keeper.problem.code}]`,
      }

const sourceView = (health: SourceHealth): Stats['intake'][number] => ({
  source: health.source,
  lines: health.lines,
  reports: health.reports,
  notOurs: health.notOurs,
  unknownFormat: health.unknownFormat,
  rejected: health.rejected,
  refusedSenders: health.refusedSenders,
  bytes: health.bytes,
  clockDisagrees: health.clockDisagrees,
  clockSkewMs: health.clockSkew ?? null,
  lastLine: health.lastLineAt === undefined ? null : timeText(health.lastLineAt),
  lastReport: health.lastReportAt === undefined ? null : timeText(health.lastReportAt),
  problem: health.problem === undefined ? null : `${health.problem.message} [${health.problem.code}]`,
  samples: health.rejects.map(({ line, reason }) => ({ line, reason })),
})
