// Keeps what people give at run time (rules, names, pauses, bonus minutes): reads its file, follows edits of it, writes one
// thing more, whole or not at all. Knows the file, not what comes of it.
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Mac } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import { FILE_MAX } from '../config/read.ts'
import { type Edit, withBonus, withName, withPause, withRule } from '../config/rules-edit.ts'
import {
  NO_RULES,
  type OwnBonus,
  type OwnPause,
  type RuleScope,
  type RulesFile,
  readRules,
} from '../config/rules-file.ts'
import { type ConfigWatch, watchConfig } from '../config/watch.ts'
import type { ListKind } from '../policy/decision.ts'
import { replaceFile } from './replace-file.ts'

/** Who hears of changes, and of what in the file cannot be used. */
export interface OwnRulesEvents {
  /** Something in the file is another one now; `rules`: the rules are. Resolves when it holds, or with why it does not. */
  readonly changed: (rules: boolean) => Promise<Problem | undefined>
  readonly problems: (problems: readonly Problem[]) => void
}

/** How often something was changed over the API since the start, and how often that could not be written. */
export interface OwnRulesCounts {
  readonly written: number
  readonly failed: number
}

/** The file at work. */
export class OwnRulesKeeper {
  readonly #path: string
  readonly #clock: Clock
  readonly #events: OwnRulesEvents
  readonly #watch: ConfigWatch
  #text = ''
  #file = NO_RULES
  /** What holds without standing in the file, because that cannot be written. */
  readonly #pauses = new Map<string, OwnPause>()
  readonly #bonuses = new Map<string, OwnBonus>()
  #counts = { written: 0, failed: 0 }
  /** Why the rules of the file do not hold, when that was last tried. */
  #refused: Problem | undefined
  #writing: Promise<unknown> = Promise.resolve()

  constructor(path: string, clock: Clock, events: OwnRulesEvents) {
    this.#path = path
    this.#clock = clock
    this.#events = events
    this.#watch = watchConfig(path, () => void this.#followed())
    const read = this.#look()
    if (typeof read === 'string') this.#take(read)
    else events.problems([read])
  }

  get path(): string {
    return this.#path
  }
  get rules(): RulesFile['rules'] {
    return this.#file.rules
  }
  get names(): RulesFile['names'] {
    return this.#file.names
  }
  /** Those that are over among them. */
  get pauses(): readonly OwnPause[] {
    return [...this.#file.pauses, ...this.#pauses.values()]
  }
  get bonuses(): readonly OwnBonus[] {
    return [...this.#file.bonuses, ...this.#bonuses.values()]
  }
  /** What in the file cannot be used, as it is now. */
  get problems(): readonly Problem[] {
    return this.#file.problems
  }
  get counts(): OwnRulesCounts {
    return this.#counts
  }

  /** Blocks or allows a name for everybody, a group or a device; resolves when that holds, or with why it does not. */
  add(kind: ListKind, rule: string, scope: RuleScope): Promise<Problem | undefined> {
    return this.#write(withRule(kind, rule, scope))
  }

  /** Gives a device a name. */
  name(mac: Mac, name: string): Promise<Problem | undefined> {
    return this.#write(withName(mac, name))
  }

  /** Pauses. Where it cannot be written it holds all the same, until a restart: the problem says so. */
  async pause(pause: OwnPause): Promise<Problem | undefined> {
    this.#pauses.delete(keyOf(pause))
    const problem = await this.#write(withPause(pause, pause))
    if (problem !== undefined) this.#pauses.set(keyOf(pause), pause)
    return problem
  }

  /** Ends a pause. A problem where it stands in a file that cannot be written: it goes on then. */
  async resume(scope: RuleScope): Promise<Problem | undefined> {
    this.#pauses.delete(keyOf(scope))
    const key = keyOf(scope)
    if (!this.#file.pauses.some((pause) => keyOf(pause) === key)) return undefined
    return this.#write(withPause(scope, undefined))
  }

  /** Gives bonus minutes; where they cannot be written as `pause`. */
  async bonus(bonus: OwnBonus): Promise<Problem | undefined> {
    this.#bonuses.delete(bonus.group)
    const problem = await this.#write(withBonus(bonus))
    if (problem !== undefined) this.#bonuses.set(bonus.group, bonus)
    return problem
  }

  close(): void {
    this.#watch.close()
  }

  async #followed(): Promise<void> {
    const read = this.#look()
    if (typeof read === 'string') await this.#takeUp(read)
    else this.#events.problems([read])
  }

  /** Takes a text and tells of it where it says something else. */
  async #takeUp(text: string): Promise<void> {
    const before = this.#file.rules
    if (this.#take(text)) await this.#tell(!isDeepStrictEqual(before, this.#file.rules))
  }

  async #tell(rules: boolean): Promise<Problem | undefined> {
    if (!rules) return this.#events.changed(false)
    this.#refused = await this.#events.changed(true)
    return this.#refused
  }

  #look(): string | Problem {
    try {
      const text = readFileSync(this.#path, 'utf8')
      return Buffer.byteLength(text) > FILE_MAX ? this.#cannot('read', 'it is larger than 1 MiB') : text
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : this.#cannot('read', error)
    }
  }

  /** Takes a text; false where it says what is known, or is no YAML: then what was before stays. */
  #take(text: string): boolean {
    if (text === this.#text) return false
    const file = readRules(text, this.#path)
    if (file.problems.length > 0) this.#events.problems(file.problems)
    if (file.problems.some(isSyntax)) return false
    this.#text = text
    this.#file = file
    return true
  }

  /** One at a time, from what the file says at that moment. */
  #write(change: Edit): Promise<Problem | undefined> {
    const done = this.#writing.then(() => this.#writeNow(change))
    this.#writing = done
    return done.then((problem) => {
      const { written, failed } = this.#counts
      this.#counts = problem === undefined ? { written: written + 1, failed } : { written, failed: failed + 1 }
      return problem
    })
  }

  async #writeNow(change: Edit): Promise<Problem | undefined> {
    const read = this.#look()
    if (typeof read !== 'string') return { ...read, code: 'ASKFIRST_E_RULES_WRITE' }
    // An edit that nobody was told of yet holds whatever becomes of this change.
    await this.#takeUp(read)
    const known = this.#file.rules
    if (read !== this.#text) {
      // Somebody is at work on it: what they wrote must not be lost.
      const [slip] = readRules(read, this.#path).problems.filter(isSyntax)
      return { ...this.#cannot('written', slip?.message ?? 'it has a mistake'), place: slip?.place ?? {}, hint: MEND }
    }
    try {
      const text = change(read, this.#clock.now())
      if (Buffer.byteLength(text) > FILE_MAX) return this.#cannot('written', 'it would be larger than 1 MiB')
      // What stands there already may be what could not hold before.
      if (text === read) return this.#refused === undefined ? undefined : this.#tell(true)
      // Somebody saved it just now: once more, from what they wrote.
      if (!(await replaceFile(this.#path, text, () => this.#look() === read))) return this.#writeNow(change)
      this.#take(text)
    } catch (error) {
      return this.#cannot('written', error)
    }
    return this.#tell(!isDeepStrictEqual(known, this.#file.rules))
  }

  #cannot(what: 'read' | 'written', error: unknown): Problem {
    const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)
    return {
      code: what === 'read' ? 'ASKFIRST_E_CONFIG_READ' : 'ASKFIRST_E_RULES_WRITE',
      message: `the file of rules cannot be ${what}: ${safeText(why, 200)}`,
      place: { file: this.#path, path: 'rules' },
      hint: 'Name a file under "rules" that the user that runs askfirst may read and write, as the folder that it is in.',
    }
  }
}

const MEND = 'Mend the file first: what stands there is not overwritten.'

const isSyntax = ({ code }: Problem): boolean => code === 'ASKFIRST_E_CONFIG_SYNTAX'

const keyOf = ({ group, device }: RuleScope): string =>
  device !== undefined ? `device ${device}` : group !== undefined ? `group ${group}` : 'all'
