// Keeps lists from URLs current: fetches what is due, one after the other, has it judged, keeps the last good copy. Knows
// neither the policy nor the log.
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { safeText } from '../../base/text.ts'
import { reasonOf } from '../file.ts'
import { type ListSources, listFrom } from '../sources.ts'
import { type FetchRules, fetchList } from './fetch-list.ts'
import { judgeInWorker } from './judge-in-worker.ts'
import { nextFetch } from './schedule.ts'
import { type ListRecord, type ListStore, nothingOf, openStore } from './store.ts'
import type {
  DownloadEvents,
  DownloadRules,
  DownloadStatus,
  DownloadWorld,
  ListUpdate,
  WantedList,
} from './wanted-list.ts'

/** Downloads with their schedule. */
export class Downloads {
  readonly #store: ListStore
  readonly #world: DownloadWorld
  readonly #events: DownloadEvents
  readonly #records = new Map<string, ListRecord>()
  #wanted: readonly WantedList[]
  #rules: DownloadRules
  #fetching: string | undefined
  /** To be fetched in this round or the next, whether due or not. */
  readonly #queued = new Set<string>()
  #loading: ReadonlySet<string> = new Set()
  #received = 0
  readonly #updates = new Map<string, number>()
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(
    store: ListStore,
    wanted: readonly WantedList[],
    rules: DownloadRules,
    world: DownloadWorld,
    events: DownloadEvents,
  ) {
    this.#store = store
    this.#wanted = wanted
    this.#rules = rules
    this.#world = world
    this.#events = events
  }

  /** Opens the folder of copies and reads what is known; nothing is fetched before `start`. */
  static async open(
    folder: string,
    wanted: readonly WantedList[],
    rules: DownloadRules,
    world: DownloadWorld,
    events: DownloadEvents,
  ): Promise<Downloads> {
    const downloads = new Downloads(openStore(folder), wanted, rules, world, events)
    await downloads.#recall()
    return downloads
  }

  /** The copies that are in force, as lists to be compiled. */
  get copies(): ListSources['files'] {
    return this.#wanted.flatMap(({ url, ...list }) =>
      this.#record(url).copy === undefined ? [] : [{ ...list, path: this.#store.path(url), url }],
    )
  }

  get status(): readonly DownloadStatus[] {
    return this.#wanted.map((list) => ({
      ...this.#record(list.url),
      ...list,
      state: this.#stateOf(list.url),
      received: list.url === this.#fetching ? this.#received : 0,
      updates: this.#updates.get(list.url) ?? 0,
      next: this.#due(list.url),
    }))
  }

  /** Changes and failed tries since the start. */
  get totals(): { readonly updates: number; readonly failures: number } {
    return { updates: [...this.#updates.values()].reduce((sum, one) => sum + one, 0), failures: this.#failures }
  }

  /** From now on what is due is fetched. */
  start(): void {
    this.#arm()
  }

  /** Other lists, or other rules, from now on. */
  async use(wanted: readonly WantedList[], rules: DownloadRules): Promise<void> {
    this.#wanted = wanted
    this.#rules = rules
    await this.#recall()
    this.#arm()
  }

  /** Fetches what is due; resolves when that is done. One round at a time. */
  round(): Promise<void> {
    this.#working = this.#working.then(() => this.#round())
    return this.#working
  }

  /** Asks for lists now, due or not: all, or one. The URLs that are asked for then; `status` says how far it is. */
  refresh(url?: string): readonly string[] {
    const urls = this.#wanted.map((list) => list.url).filter((one) => url === undefined || one === url)
    for (const one of urls) this.#queued.add(one)
    if (urls.length > 0) void this.round()
    return urls
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #recall(): Promise<void> {
    for (const { url } of this.#wanted) if (!this.#records.has(url)) this.#records.set(url, await this.#store.read(url))
    await this.#store.keepOnly(this.#wanted.map(({ url }) => url))
  }

  #stateOf(url: string): DownloadStatus['state'] {
    if (url === this.#fetching) return 'fetching'
    if (this.#queued.has(url)) return 'queued'
    return this.#loading.has(url) ? 'loading' : 'waiting'
  }

  #record(url: string): ListRecord {
    return this.#records.get(url) ?? nothingOf(url)
  }

  #due(url: string): number {
    return nextFetch(this.#record(url), this.#rules.every, chanceOf(url))
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#closed || this.#wanted.length === 0) return
    const next = Math.min(...this.#wanted.map(({ url }) => this.#due(url)))
    // Clocks are set: never trust a wait for longer than an hour.
    const wait = Math.min(Math.max(next - this.#world.clock.now(), 0), LOOK_MAX)
    this.#timer = setTimeout(() => void this.round(), wait).unref()
  }

  async #round(): Promise<void> {
    const updates: ListUpdate[] = []
    for (const list of this.#wanted) {
      if (this.#closed) return
      if (!this.#queued.delete(list.url) && this.#due(list.url) > this.#world.clock.now()) continue
      this.#fetching = list.url
      this.#received = 0
      const update = await this.#update(list).catch((error: unknown) => this.#missed(list.url, reasonOf(error)))
      if (update !== undefined) updates.push(update)
    }
    this.#loading = new Set(updates.map(({ url }) => url))
    this.#fetching = undefined
    if (updates.length > 0 && !this.#closed) await this.#events.changed(updates)
    this.#loading = new Set()
    this.#arm()
  }

  async #update(list: WantedList): Promise<ListUpdate | undefined> {
    const { url } = list
    const known = this.#record(url)
    const into = this.#store.candidate(url)
    await this.#store.prepare()
    const order = { url, into, etag: known.copy?.etag, lastModified: known.copy?.lastModified }
    const fetched = await this.#fetch(order)
    const now = this.#world.clock.now()
    if (fetched.kind === 'failed') return this.#missed(url, fetched.why)
    if (fetched.kind === 'same' || fetched.sha256 === known.copy?.sha256) {
      await rm(into, { force: true })
      await this.#save({ ...known, checked: now, tried: now, failures: 0, why: undefined })
      return undefined
    }
    const found = (path: string) => listFrom({ ...list, path })
    const before = known.copy === undefined ? undefined : found(this.#store.path(url))
    const judged = await (this.#world.judge ?? judgeInWorker)({
      candidate: found(into),
      before,
      shrink: this.#rules.shrink,
    })
    if (judged.kind === 'refused') {
      await rm(into, { force: true })
      return this.#missed(url, judged.why)
    }
    await this.#store.accept(url)
    const { rules, added, removed } = judged
    const { bytes, sha256, etag, lastModified } = fetched
    const copy = { fetched: now, bytes, sha256, etag, lastModified, rules, added, removed }
    await this.#save({ url, copy, checked: now, tried: now, failures: 0, why: undefined })
    this.#updates.set(url, (this.#updates.get(url) ?? 0) + 1)
    return { url, rules, added, removed }
  }

  #fetch(order: Parameters<typeof fetchList>[0]): ReturnType<typeof fetchList> {
    const rules: FetchRules = {
      ...this.#world,
      ...this.#rules,
      progress: (bytes) => {
        this.#received = bytes
      },
    }
    return fetchList(order, rules)
  }

  async #missed(url: string, why: string): Promise<undefined> {
    const known = this.#record(url)
    const said = safeText(why, 300)
    this.#failures++
    await this.#save({ ...known, tried: this.#world.clock.now(), failures: known.failures + 1, why: said })
    this.#events.failed(url, said, known.copy)
    return undefined
  }

  async #save(record: ListRecord): Promise<void> {
    this.#records.set(record.url, record)
    await this.#store
      .write(record)
      .catch((error: unknown) => this.#events.failed(record.url, reasonOf(error), record.copy))
  }
}

/** Longest wait between two looks at the clock, milliseconds. */
const LOOK_MAX = 3_600_000

/** A number from 0 to 1 that is the URL's own, so that a list keeps its place in the day. */
const chanceOf = (url: string): number => createHash('sha256').update(url).digest().readUInt32BE() / 2 ** 32
