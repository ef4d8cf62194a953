// Composition root of the control thread. Read it beside the diagram in ARCHITECTURE.md: who feeds whom stands here.
// Long because every part of the control thread is joined here and nowhere else.
import { randomBytes } from 'node:crypto'
import { availableParallelism, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAddress } from './base/address.ts'
import { Failure, internalProblem, type Problem } from './base/failure.ts'
import { safeText } from './base/text.ts'
import { diffConfig } from './config/diff.ts'
import type { Config } from './config/schema.ts'
import type { Control } from './control/server.ts'
import { type DeviceSources, openDeviceSources } from './devices/sources.ts'
import { Intake } from './intake/intake.ts'
import { utc, zoneNamed } from './intake/zone.ts'
import type { Batch, BatchReader } from './journal/batch.ts'
import { Tally } from './journal/tally.ts'
import { Ledger } from './ledger/ledger.ts'
import type { Downloads } from './lists/download/downloads.ts'
import type { ListSources } from './lists/sources.ts'
import type { Log } from './log.ts'
import { openCertificate } from './server/certificate-keeper.ts'
import { GroupFigures } from './server/group-figures.ts'
import { HouseNames } from './server/house-names.ts'
import { HouseholdKeeper } from './server/household.ts'
import { Judging } from './server/judging.ts'
import { downloadRules, openDownloads, wantedLists, withCopies } from './server/list-downloads.ts'
import { OwnRulesKeeper } from './server/own-rules.ts'
import { Pausing } from './server/pausing.ts'
import { PolicyKeeper } from './server/policy-keeper.ts'
import { become, userToBecome } from './server/privileges.ts'
import { openReports, type Reports } from './server/reports.ts'
import {
  groupSettings,
  houseSettings,
  ledgerOptions,
  listSources,
  nameSettings,
  pairFiles,
  resolverSettings,
} from './server/settings.ts'
import { showLoading } from './server/show-loading.ts'
import { watchUpstreams } from './server/upstream-watch.ts'
import { VERSION } from './server/version.ts'
import { openCacheFile } from './state/cache-file.ts'
import { openEvidenceFile } from './state/evidence-file.ts'
import { comeSecond, standBack } from './system/priority.ts'
import { systemClock } from './system-clock.ts'
import type { ListeningAt } from './threads/messages.ts'
import type { Told } from './threads/resolver-link.ts'
import { prepareResolvers, startResolvers } from './threads/resolver-pool.ts'
import { threadsOf } from './threads/share.ts'
import { listenProblem } from './transport/port-holder.ts'

/** A running server. */
export interface Server {
  readonly listening: readonly ListeningAt[]
  readonly control: Control
  readonly policy: PolicyKeeper
  readonly reports: Reports
  /** Takes a new configuration; what needs a restart is said in the log and left as it is. */
  readonly reload: (config: Config) => Promise<void>
  /** Compiles the lists anew, changed or not. */
  readonly reloadLists: () => Promise<void>
  /** Stops in order: nothing new comes in, what is due is judged, what is known is stored. */
  readonly close: () => Promise<void>
  /** Resolves when the server cannot go on by itself. */
  readonly died: Promise<Problem>
}

/** Starts everything. Rejects with a `Failure` that says all that is wrong. `stdin`: read firewall reports from it. */
export async function serve(first: Config, log: Log, stdin: Readable | undefined): Promise<Server> {
  let config = first
  const clock = systemClock
  const started = clock.now()
  const tally = new Tally(randomBytes(4).readUInt32BE())
  // What people change at run time is written to a file of theirs, and holds at once.
  const own: OwnRulesKeeper = new OwnRulesKeeper(config.rules, clock, {
    changed: async (rules) => {
      missed ||= rules
      return serving ? useOwn(rules) : undefined
    },
    problems: (problems) => {
      for (const problem of problems.slice(0, PROBLEMS_SHOWN)) log.problem(problem)
    },
  })
  // An edit while everything starts is taken up when everything is there.
  let [serving, missed] = [false, false]
  const useOwn = async (rules: boolean): Promise<Problem | undefined> => {
    ledger.configure(ledgerOptions(config, ownAddresses(), own.names))
    household.look()
    const problem = rules ? await policy.use(sourcesOf(config)) : undefined
    await resolver.inForce()
    return problem && { ...problem, message: `it is written down, but does not hold yet: ${problem.message}` }
  }
  const ledger: Ledger = new Ledger({ ...ledgerOptions(config, ownAddresses(), own.names), born: started })
  // What changes while everything starts waits for those whom it is told to.
  const early: Told[] = []
  let tell = (message: Told): void => void early.push(message)
  const certificate = await openCertificate(pairFiles(config), clock, log, (pair) => tell({ kind: 'pair', pair }))
  const user = await userToBecome(config.user, config.state, log)
  const evidence = await openEvidenceFile(config.state, ledger, (problem) => log.problem(problem))

  // Lists become a policy; each new version goes to the resolver.
  const sourcesOf = (of: Config): ListSources => withCopies(listSources(of, own.rules), downloads)
  const downloads: Downloads = await openDownloads(config, {
    clock,
    log,
    resolve: (name) => resolver.resolve(name),
    changed: async () => {
      await policy.use(sourcesOf(config))
      await resolver.inForce()
    },
  })
  const loading = showLoading(process.stderr, log, clock)
  const opening = PolicyKeeper.open(sourcesOf(config), join(config.state, 'policy'), clock, {
    changed: (snapshot, { blocked, blockedBefore, allowed, ms }) => {
      tell({ kind: 'policy', policy: snapshot })
      log.info({ blocked, added: blocked - blockedBefore, allowed, ms: Math.round(ms) }, 'lists loaded')
    },
    problems: (problems, kept) => {
      for (const problem of problems.slice(0, PROBLEMS_SHOWN)) log.problem(problem)
      const more = problems.length - PROBLEMS_SHOWN
      if (more > 0) log.warn({ more }, 'further problems in lists')
      if (kept) log.warn({}, 'the lists could not be loaded: the policy before stays in force')
    },
    ...loading,
    listsChanged: (changes) => {
      for (const { path, rules, added, removed } of changes) {
        log.info({ file: safeText(path, 200), rules, added, removed }, 'a list file has changed')
      }
    },
  })
  // While the lists are read, the threads load what they need.
  const threads = threadsOf(config.threads, availableParallelism())
  const workers = prepareResolvers(threads)
  const opened = await opening
  if (!(opened instanceof PolicyKeeper)) {
    for (const worker of workers) void worker.terminate()
    throw new Failure(...opened)
  }
  const policy: PolicyKeeper = opened

  // Queries and their answers: entries feed the tally and the ledger.
  const take = (batch: Batch, entries: BatchReader, thread: number): void => {
    // A batch is also what wakes this thread, and whoever sent it wants to go on.
    let left = 0
    entries.read(batch, (entry) => {
      if (left-- === 0) {
        standBack()
        left = TURN
      }
      // Who may not ask is none of ours, whatever address he writes on his packets.
      const isStranger = entry.outcome.kind === 'refused' && entry.outcome.reason === 'access'
      tally.fold(entry, isStranger ? ledger.deviceOf(entry.client) : ledger.take(entry), thread)
      groupFigures.fold(entry)
    })
    if (batch.lost.some((count) => count > 0)) {
      tally.foldLost(batch.lost, batch.start, thread)
      ledger.lost(clock.now())
    }
    tally.foldLimited(batch.limited, batch.start, thread)
  }
  const openDevices = ({ devices }: Config): DeviceSources =>
    openDeviceSources(
      devices,
      ledger,
      clock,
      (problem) => log.problem(problem),
      (path, format, leases) => names.takeLeases(path, format, leases),
    )
  // Leases name devices for the ledger and for the DNS; hosts files and the configuration name the rest.
  const names = new HouseNames(houseSettings(config), clock, (problem) => log.problem(problem))
  let devices = openDevices(config)
  await Promise.race([Promise.all([names.ready, devices.ready]), sleep(FILES_WITHIN_MS, undefined, { ref: false })])
  const firstNames = names.snapshot

  // Who is in which group, what is off by its hours, and what is paused; people may pause the blocking.
  const pausing = new Pausing(clock, () => own.pauses)
  const household = new HouseholdKeeper(groupSettings(config), {
    clock,
    pausing,
    devices: () => ledger.devices(),
    bonuses: () => own.bonuses,
  })

  const groupFigures = new GroupFigures(() => household.current)

  let listening: readonly ListeningAt[] = []
  let giveUp: (problem: Problem) => void = () => {}
  const died = new Promise<Problem>((resolve) => {
    giveUp = resolve
  })
  if (typeof config.threads === 'number' && threads < config.threads) {
    log.warn({ threads }, 'only Linux deals questions out to several threads: there is one')
  }
  const resolver = await startResolvers(
    workers,
    {
      listen: { plain: config.listen, tls: config.tls.listen, https: config.https.listen, http: config.https.plain },
      pair: certificate?.pair,
      settings: resolverSettings(config, ownAddresses()),
      policy: policy.snapshot,
      household: household.current,
      names: firstNames,
    },
    {
      batch: take,
      using: (labels, thread) => tally.label(labels, thread),
      listening: (endpoints) => {
        listening = endpoints
      },
      trouble: (problem) => log.problem(problem),
      flood: ({ who, kind }) => log.warn({ who, limit: kind }, 'asks too much: limited from here on'),
      died: giveUp,
    },
  ).catch(async (fault: unknown) => {
    certificate?.close()
    household.close()
    own.close()
    policy.close()
    names.close()
    devices.close()
    await evidence.close()
    throw fault
  })
  tell = resolver.send
  for (const message of early) tell(message)
  comeSecond()
  // Only now: it starts a process, 30 ms on one core, and takes effect with the next look at the household anyway.
  void devices.look()
  const cacheFile = config.cache.persist
    ? openCacheFile(config.state, resolver, (problem) => log.problem(problem))
    : undefined
  pausing.follow((active) => {
    resolver.send({ kind: 'pause', active })
    log.info({ active }, active ? 'blocking is paused' : 'blocking goes on')
  })
  household.follow((current) => resolver.send({ kind: 'household', household: current }))
  names.follow(firstNames, (change) => resolver.send({ kind: 'names', change }))

  // The firewall's lines become reports, wait, and are judged against the ledger.
  const zone = zoneNamed(config.reports.timeZone) ?? utc
  const judging = new Judging(ledger, { sync: resolver.sync, learn: () => devices.look() }, clock, log)
  const intake = new Intake({ clock, zone, live: true, onReport: (report) => judging.take(report) })
  const reports = await openReports(config.reports, intake, stdin)
  for (const problem of reports.problems) log.problem(problem)
  const upstreamsWatched = watchUpstreams(async () => (await resolver.sync()).upstreams, log)

  // People look at all of it.
  const settings = () => ({
    learning: config.evidence.learning,
    cacheBytes: config.cache.size,
    names: nameSettings(config),
  })
  const troubles = (): string[] => (listening.length === 0 ? ['DNS is not served on any address'] : [])
  const stopAll = async (): Promise<void> => {
    downloads.close()
    upstreamsWatched()
    certificate?.close()
    household.close()
    own.close()
    policy.close()
    names.close()
    devices.close()
    await reports.close()
    await judging.close()
    await cacheFile?.close()
    await resolver.close()
    await evidence.close()
  }
  // Loaded now: names are answered already, and on one core it would have held that up.
  const openControl = async (): Promise<Control> => {
    const [{ startControl }, { views }] = await Promise.all([
      import('./control/server.ts'),
      import('./server/views.ts'),
    ])
    return startControl({
      listen: config.http.listen,
      token: config.http.token ?? undefined,
      version: VERSION,
      views: views({
        clock,
        started,
        version: VERSION,
        tally,
        ledger,
        intake,
        policy,
        certificate,
        downloads,
        pausing,
        household,
        groupFigures,
        own,
        resolver,
        names,
        settings,
        troubles,
      }),
      onFault: (fault) => log.problem(internalProblem(fault)),
      listenProblem: (endpoint, fault) => listenProblem('tcp', endpoint, fault),
    })
  }
  const control = await openControl().catch(async (fault: unknown) => {
    await stopAll()
    throw fault
  })

  // Every port is open: nothing needs root any more.
  if (user !== undefined) {
    await become(user, config.state, log).catch(async (fault: unknown) => {
      await control.close()
      await stopAll()
      throw fault
    })
  }

  serving = true
  await useOwn(missed)
  downloads.start()
  return {
    get listening() {
      return listening
    },
    control,
    policy,
    reports,
    died,
    async reloadLists() {
      await policy.reload()
      await resolver.inForce()
    },
    async reload(next) {
      const { changed, restart } = diffConfig(config, next)
      config = next
      log.setLevel(next.log.level)
      ledger.configure(ledgerOptions(next, ownAddresses(), own.names))
      resolver.send({ kind: 'settings', settings: resolverSettings(next, ownAddresses()) })
      names.use(houseSettings(next))
      if (changed.includes('devices')) {
        devices.close()
        devices = openDevices(next)
        void devices.look()
      }
      if (changed.includes('groups') || changed.includes('schedules')) household.use(groupSettings(next))
      if (changed.includes('lists')) await downloads.use(wantedLists(next), downloadRules(next))
      if (changed.some((key) => LIST_KEYS.includes(key))) await policy.use(sourcesOf(next))
      await resolver.inForce()
      log.info(
        { changed, restart },
        restart.length > 0 ? 'configuration loaded; some keys need a restart' : 'configuration loaded',
      )
    },
    async close() {
      await control.close()
      await stopAll()
      log.flush()
    },
  }
}

/** Files that names come from are waited for this long before the first answer: a hung file system stops nothing. */
const FILES_WITHIN_MS = 2000

/** Sections that say which rules there are, and for whom. */
const LIST_KEYS: readonly string[] = ['lists', 'groups', 'blocking']

/** Entries that are taken in before whoever waits for the processor may have it: a tenth of a millisecond of work. */
const TURN = 64

/** Problems of one load that are logged one by one; the rest is counted. */
const PROBLEMS_SHOWN = 20

/** The addresses of this machine: its own connections are our upstream traffic, not a device's. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ address }) => parseAddress(address) ?? []),
  )
