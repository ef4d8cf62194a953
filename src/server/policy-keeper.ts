// Keeps the policy current: compiles the lists, watches them, hands each whole new version on. A reload that fails
// changes nothing (invariant I4).
import type { Clock, EpochMs } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import { compilePolicy } from '../lists/compiler.ts'
import type { ListChange } from '../lists/list-changes.ts'
import type { Compilation, ListReport, OnBroken } from '../lists/load.ts'
import type { LoadProgress } from '../lists/load-progress.ts'
import type { ListSources } from '../lists/sources.ts'
import { type ListWatch, watchLists } from '../lists/watch.ts'
import type { Policy } from '../policy/decision.ts'
import { openPolicy } from '../policy/policy.ts'
import type { PolicySnapshot } from '../threads/messages.ts'
import { packConditionals } from '../threads/packed.ts'

/** What happens with a new version, and with problems. */
export interface PolicyEvents {
  readonly changed: (snapshot: PolicySnapshot, difference: PolicyDifference) => void
  readonly problems: (problems: readonly Problem[], kept: boolean) => void
  /** Compiling takes long, and is so far. */
  readonly progress: (progress: LoadProgress) => void
  /** It is over, however it ended. */
  readonly over: () => void
  /** List files differ from what they were; told some time after the new version is in force. */
  readonly listsChanged: (changes: readonly ListChange[]) => void
}

/** How many names a new version has, and the one before had. */
export interface PolicyDifference {
  readonly blocked: number
  readonly blockedBefore: number
  readonly allowed: number
  readonly allowedBefore: number
  readonly ms: number
}

type Compiled = Extract<Compilation, { kind: 'compiled' }>

/** The policy and its upkeep. */
export class PolicyKeeper {
  readonly #clock: Clock
  readonly #saved: string
  readonly #events: PolicyEvents
  #sources: ListSources
  #compiled: Compiled
  #policy: Policy
  #loaded: EpochMs
  #watch: ListWatch
  #working: Promise<Problem | undefined> = Promise.resolve(undefined)
  #changes: ReadonlyMap<string, ListChange & { readonly updates: number }> = new Map()
  #again = false

  private constructor(
    sources: ListSources,
    saved: string,
    compiled: Compiled,
    watch: ListWatch,
    clock: Clock,
    events: PolicyEvents,
  ) {
    this.#sources = sources
    this.#saved = saved
    this.#compiled = compiled
    this.#policy = openPolicy(compiled.buffer, compiled.lists, 1, compiled.conditionals)
    this.#loaded = clock.now()
    this.#clock = clock
    this.#events = events
    this.#watch = watch
  }

  /** Compiles a first policy, or takes the one in the file `saved` where no list has changed since. A list that is broken as a whole is left out and reported: names must be answered. */
  static async open(
    sources: ListSources,
    saved: string,
    clock: Clock,
    events: PolicyEvents,
  ): Promise<PolicyKeeper | readonly Problem[]> {
    let keeper: PolicyKeeper | undefined
    // Watched from before the first read, so that no edit falls in between.
    const watch = watchLists(sources, () => void keeper?.reload())
    let early: readonly ListChange[] = []
    const compiled = await compilePolicy(sources, 'leave-out', saved, {
      progress: events.progress,
      changes: (changes) => {
        if (keeper === undefined) early = changes
        else keeper.#compared(changes)
      },
    }).finally(events.over)
    if (compiled.kind === 'refused') {
      watch.close()
      return compiled.problems
    }
    keeper = new PolicyKeeper(sources, saved, compiled, watch, clock, events)
    keeper.#compared(early)
    if (compiled.problems.length > 0) events.problems(compiled.problems, false)
    return keeper
  }

  /** The current version, for looking at. */
  get policy(): Policy {
    return this.#policy
  }
  get lists(): readonly ListReport[] {
    return this.#compiled.lists
  }
  get sources(): ListSources {
    return this.#sources
  }
  get loaded(): EpochMs {
    return this.#loaded
  }
  /** The last change of each list file, by its path, and how many there were; those that have been compared. */
  get changes(): ReadonlyMap<string, ListChange & { readonly updates: number }> {
    return this.#changes
  }
  /** Milliseconds that compiling the current version took. */
  get compileTime(): number {
    return this.#compiled.ms
  }

  /** The current version, for another thread. */
  get snapshot(): PolicySnapshot {
    const lists = this.#compiled.lists.map(({ skipped: _, confidence: __, subdomains: ___, ...list }) => list)
    const { buffer, conditionals } = this.#compiled
    return { buffer, lists, generation: this.#policy.generation, conditionals: packConditionals(conditionals) }
  }

  /** Other lists from now on; resolves as `reload`. */
  use(sources: ListSources): Promise<Problem | undefined> {
    this.#sources = sources
    this.#watch.close()
    this.#watch = watchLists(sources, () => void this.reload())
    return this.reload()
  }

  /**
   * Compiles anew; one at a time, and once more if something changed meanwhile. Resolves when all is applied, or with the
   * first problem where nothing is.
   */
  reload(): Promise<Problem | undefined> {
    if (this.#again) return this.#working
    this.#again = true
    this.#working = this.#working.then(() => {
      this.#again = false
      return this.#reload('refuse')
    })
    return this.#working
  }

  close(): void {
    this.#watch.close()
  }

  async #reload(onBroken: OnBroken): Promise<Problem | undefined> {
    const { progress, over } = this.#events
    const changes = (found: readonly ListChange[]) => this.#compared(found)
    const compiled = await compilePolicy(this.#sources, onBroken, this.#saved, { progress, changes }).finally(over)
    if (compiled.problems.length > 0) this.#events.problems(compiled.problems, compiled.kind === 'refused')
    if (compiled.kind === 'refused') return compiled.problems[0]
    const before = this.#policy
    this.#compiled = compiled
    this.#policy = openPolicy(compiled.buffer, compiled.lists, before.generation + 1, compiled.conditionals)
    this.#loaded = this.#clock.now()
    this.#events.changed(this.snapshot, {
      blocked: compiled.blocked,
      blockedBefore: before.blocked,
      allowed: compiled.allowed,
      allowedBefore: before.allowed,
      ms: compiled.ms,
    })
    return undefined
  }

  /** Takes in how list files have changed; where several versions came after each other, the latest look counts. */
  #compared(changes: readonly ListChange[]): void {
    const before = this.#changes
    const updates = ({ path, fresh }: ListChange) => (before.get(path)?.updates ?? 0) + (fresh ? 1 : 0)
    this.#changes = new Map(changes.map((change) => [change.path, { ...change, updates: updates(change) }]))
    const fresh = changes.filter((change) => change.fresh)
    if (fresh.length > 0) this.#events.listsChanged(fresh)
  }
}
