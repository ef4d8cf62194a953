// Keeps the rules and names that people give at run time: reads their file, follows edits of it, writes one more, whole or
// not at all. Knows the file, not what comes of the rules.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { Mac } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import { FILE_MAX } from '../config/read.ts'
import { type RuleScope, type RulesFile, readRules, withName, withRule } from '../config/rules-file.ts'
import { type ConfigWatch, watchConfig } from '../config/watch.ts'
import type { ListKind } from '../policy/decision.ts'

/** Who hears of new rules, and of what in the file cannot be used. */
export interface OwnRulesEvents {
  /** The rules or names are other ones now. Resolves when they hold. */
  readonly changed: () => Promise<void>
  readonly problems: (problems: readonly Problem[]) => void
}

/** The rules at work. */
export class OwnRulesKeeper {
  readonly #path: string
  readonly #events: OwnRulesEvents
  readonly #watch: ConfigWatch
  #text = ''
  #file: RulesFile = { rules: [], names: new Map(), problems: [] }
  #writing: Promise<unknown> = Promise.resolve()

  constructor(path: string, events: OwnRulesEvents) {
    this.#path = path
    this.#events = events
    this.#watch = watchConfig(path, () => void (this.#read() && events.changed()))
    this.#read()
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

  /** Blocks or allows a name for everybody, a group or a device; resolves when that holds. */
  add(kind: ListKind, rule: string, scope: RuleScope): Promise<Problem | undefined> {
    return this.#write((text) => withRule(text, kind, rule, scope))
  }

  /** Gives a device a name. */
  name(mac: Mac, name: string): Promise<Problem | undefined> {
    return this.#write((text) => withName(text, mac, name))
  }

  close(): void {
    this.#watch.close()
  }

  /** Reads the file; whether it says something else now. A file that cannot be used changes nothing. */
  #read(): boolean {
    let text = ''
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#events.problems([this.#cannot('read', error)])
    }
    if (text === this.#text) return false
    if (text.length > FILE_MAX) {
      this.#events.problems([this.#cannot('read', 'it is larger than 1 MiB')])
      return false
    }
    return this.#take(text)
  }

  #take(text: string): boolean {
    const file = readRules(text, this.#path)
    if (file.problems.length > 0) this.#events.problems(file.problems)
    // A slip in the YAML leaves nothing to read: the rules before stay.
    if (file.problems.some(({ code }) => code === 'ASKFIRST_E_CONFIG_SYNTAX')) return false
    this.#text = text
    this.#file = file
    return true
  }

  /** One at a time, from what the file says at that moment. */
  #write(change: (text: string) => string): Promise<Problem | undefined> {
    const done = this.#writing.then(() => this.#writeNow(change))
    this.#writing = done
    return done
  }

  async #writeNow(change: (text: string) => string): Promise<Problem | undefined> {
    this.#read()
    const temporary = `${this.#path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      const text = change(this.#text)
      if (text !== this.#text) {
        await using handle = await open(temporary, 'wx', 0o644)
        await handle.writeFile(text)
        await handle.sync()
        await rename(temporary, this.#path)
        this.#take(text)
        await this.#events.changed()
      }
      return undefined
    } catch (error) {
      await rm(temporary, { force: true })
      return this.#cannot('written', error)
    }
  }

  #cannot(what: string, error: unknown): Problem {
    const why = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)
    return {
      code: 'ASKFIRST_E_CONFIG_READ',
      message: `the file of rules cannot be ${what}: ${safeText(why, 200)}`,
      place: { file: this.#path, path: 'rules' },
      hint: 'Name a file under "rules" that the user that runs askfirst may read and write.',
    }
  }
}
