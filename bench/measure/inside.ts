// Parts of askfirst that are measured without sockets, each in a process of its own on one core.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { gatherNames } from '../names.ts'
import { type Command, pinned, run } from '../processes.ts'
import type { Decisions, Judgements, Patterns } from '../results.ts'
import { spread } from '../statistics.ts'

/** What `inside/decide.ts` prints: nanoseconds, one figure a round. */
export interface DecideFigures {
  readonly rules: number
  readonly none: readonly number[]
  readonly noneBelow: readonly number[]
  readonly blocked: readonly number[]
}

/** What `inside/patterns.ts` prints: microseconds, one figure a round. */
export interface PatternFigures {
  readonly patterns: number
  readonly text: readonly number[]
  readonly bare: readonly number[]
  readonly bareGarbage: readonly number[]
}

/** What `inside/firewall.ts` prints: lines a second of processor time, one figure a round. */
export interface FirewallFigures {
  readonly lines: number
  readonly rates: readonly number[]
  readonly verdicts: Readonly<Record<string, number>>
}

/** Measures `Policy.decide` with the list of a million names: as plain names, and as rules that cover what is below. */
export async function measureDecisions(bench: Bench): Promise<Decisions> {
  bench.say('decide')
  const covering = join(bench.folder, 'covering.txt')
  const names = readFileSync(bench.list, 'utf8').trimEnd().split('\n')
  writeFileSync(covering, `${names.map((name) => `||${name}^`).join('\n')}\n`)
  const { rules, none, noneBelow, blocked } = await inside<DecideFigures>(bench, 'decide', [bench.list, covering])
  return { rules, none: spread(none), noneBelow: spread(noneBelow), blocked: spread(blocked) }
}

/** All that the collected data has: each is decided on once. */
const ASKED = 60_000

/** Measures `Policy.decide` with patterns, for names that none of them matches. */
export async function measurePatterns(bench: Bench): Promise<Patterns> {
  bench.say('patterns')
  const asked = join(bench.folder, 'asked.txt')
  writeFileSync(asked, `${gatherNames(bench.data, ASKED).popular.join('\n')}\n`)
  const { patterns, text, bare, bareGarbage } = await inside<PatternFigures>(bench, 'patterns', [asked])
  return { patterns, text: spread(text), bare: spread(bare), bareGarbage: spread(bareGarbage) }
}

/** Measures intake and ledger. */
export async function measureJudgements(bench: Bench): Promise<Judgements> {
  bench.say('firewall lines')
  const { lines, rates, verdicts } = await inside<FirewallFigures>(bench, 'firewall', [])
  return { lines, rate: spread(rates), verdicts }
}

async function inside<Figures>({ cores, folder, rounds }: Bench, name: string, args: Command): Promise<Figures> {
  const script = new URL(`../inside/${name}.ts`, import.meta.url).pathname
  const command = pinned(cores.server, [process.execPath, script, String(rounds), ...args])
  return JSON.parse(await run(command, folder, 300)) as Figures
}
