// Where the ledger learns which address is whose: the neighbour table and lease files. Knows the ledger by what it takes.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address, Mac } from '../base/address.ts'
import type { Clock, EpochMs } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import type { BindingSource } from '../ledger/device.ts'
import type { Lease } from '../names/lease.ts'
import { type LeaseFormat, readLeases, SIBLINGS } from './leases/leases.ts'
import { type Neighbour, readNeighbours } from './neighbours.ts'
import { type WatchedFile, watchFile } from './watched-file.ts'

/** What is read. */
export interface DeviceSettings {
  /** Paths of lease files, of any server that we know. */
  readonly leases: readonly string[]
  readonly neighbours: boolean
}

/** Who is told: the ledger. */
export interface Learner {
  bind(address: Address, mac: Mac, at: EpochMs, source: BindingSource): void
  neighbour(address: Address, mac: Mac, at: EpochMs, fresh: boolean): void
  nameDevice(of: { readonly mac?: Mac | undefined; readonly address: Address }, name: string, at: EpochMs): void
}

/** Who hears of every lease in a file, expired ones among them, each time that it is read. */
export type OnLeases = (path: string, format: LeaseFormat, leases: readonly Lease[]) => void

/** The sources at work. */
export interface DeviceSources {
  /** Resolves when every lease file has been read once, or could not be. */
  readonly ready: Promise<unknown>
  /**
   * Reads the neighbour table now, for an address that nobody knows yet; resolves when a reading that began after this
   * call is with the ledger. Readings begin at most once a second, however often this is called.
   */
  readonly look: () => Promise<void>
  readonly close: () => void
}

/** How often the neighbour table is read, ms: the kernel itself doubts an entry after 30 s (RFC 4861 §10). */
const NEIGHBOURS_EVERY = 30_000
/** Shortest time between two readings, ms: each starts a process. */
const NEIGHBOURS_APART = 1000

/** Starts reading lease files; the neighbour table when `look` is called, and from then on. Problems (ASKFIRST_E_NAMES_READ: a lease file cannot be read) are told and do not end it. */
export function openDeviceSources(
  settings: DeviceSettings,
  learner: Learner,
  clock: Clock,
  onProblem: (problem: Problem) => void,
  onLeases: OnLeases = () => {},
): DeviceSources {
  const files = settings.leases.map((path) => watchLeases(path, learner, clock, onProblem, onLeases))
  const ends = files.map(({ close }) => close)
  const neighbours = settings.neighbours ? watchNeighbours(learner, clock) : undefined
  if (neighbours !== undefined) ends.push(neighbours.close)
  return {
    ready: Promise.all(files.map(({ ready }) => ready)),
    look: () => neighbours?.look() ?? Promise.resolve(),
    close: () => {
      for (const end of ends) end()
    },
  }
}

function watchNeighbours(learner: Learner, clock: Clock): Omit<DeviceSources, 'ready'> {
  const abort = new AbortController()
  let began = Number.NEGATIVE_INFINITY
  let next: Promise<void> | undefined
  const read = async (): Promise<void> => {
    began = clock.ticks()
    next = undefined
    const table = await readNeighbours(abort.signal)
    if (abort.signal.aborted) return
    const now = clock.now()
    // IPv4 first: it tells which MACs are inside, and so which IPv6 addresses are.
    const isIpv6 = ({ address }: Neighbour): boolean => address.includes(':')
    for (const { address, mac, fresh } of table.toSorted((a, b) => Number(isIpv6(a)) - Number(isIpv6(b)))) {
      learner.neighbour(address, mac, now, fresh)
    }
  }
  const look = (): Promise<void> => {
    next ??= sleep(Math.max(0, began + NEIGHBOURS_APART - clock.ticks()), undefined, { ref: false }).then(read)
    return next
  }
  const timer = setInterval(() => void look(), NEIGHBOURS_EVERY).unref()
  return {
    look,
    close: () => {
      clearInterval(timer)
      abort.abort()
    },
  }
}

function watchLeases(
  path: string,
  learner: Learner,
  clock: Clock,
  onProblem: (problem: Problem) => void,
  onLeases: OnLeases,
): WatchedFile {
  let known = new Map<Address, string>()
  return watchFile(
    path,
    (texts) => {
      const now = clock.now()
      const seen = new Map<Address, string>()
      const { format, leases } = readLeases(texts)
      for (const lease of leases) {
        const { address, expires } = lease
        if (expires <= now) continue
        const tells = `${lease.mac} ${lease.name}`
        seen.set(address, tells)
        if (known.get(address) !== tells) learn(lease, learner, now)
      }
      known = seen
      onLeases(path, format, leases)
    },
    (message) =>
      onProblem({
        code: 'ASKFIRST_E_NAMES_READ',
        message: `the lease file cannot be read: ${message}`,
        place: { file: path, path: 'devices.leases' },
        hint: 'Check the path, and that the user that runs askfirst may read the file. It is tried again when it changes.',
      }),
    path.endsWith('.csv') ? SIBLINGS : [],
  )
}

function learn({ address, mac, fromDuid, name }: Lease, learner: Learner, now: EpochMs): void {
  if (mac !== undefined) learner.bind(address, mac, now, fromDuid ? 'duid' : 'lease')
  if (name !== undefined) learner.nameDevice({ address, mac }, name, now)
}
