// How long the policy takes to decide on a name that none of 5,000 patterns matches. Arguments: rounds, a list of names
// that are asked for. Prints `PatternFigures`.
import { readFileSync } from 'node:fs'
import { wireFromName } from '../../src/base/name.ts'
import { policyBuilder } from '../../src/policy/compile.ts'
import type { Policy } from '../../src/policy/decision.ts'
import { openPolicy } from '../../src/policy/policy.ts'
import { BLOCK, conditional } from '../../src/policy/rule.ts'
import { chance } from '../chance.ts'
import { inventedPatterns, type PatternKind } from '../invented-patterns.ts'
import type { PatternFigures } from '../measure/inside.ts'

const [rounds, asked] = [Number(process.argv[2]), process.argv[3] as string]

const PATTERNS = 5000
/** Names of each kind: a third comes first, so that what learns has learned; each other one is decided on once, as names that come again are answered by the fast lane. */
const NAMES = 60_000
const SYMBOLS = 'abcdefghijklmnopqrstuvwxyz0123456789-'

const random = chance(11)
const popular = shuffled(readFileSync(asked, 'utf8').trimEnd().split('\n')).slice(0, NAMES)
const garbage = Array.from({ length: NAMES }, chanceName)
const figures: PatternFigures = {
  patterns: PATTERNS,
  text: measure('text', popular),
  bare: measure('bare', popular),
  bareGarbage: measure('bare', garbage),
}
process.stdout.write(JSON.stringify(figures))

/** Microseconds of processor time a new name, for each round; names that some pattern matches are left out. */
function measure(kind: PatternKind, names: readonly string[]): number[] {
  const make = inventedPatterns(chance(7))[kind]
  const builder = policyBuilder([1, 2, 3])
  builder.beginList()
  for (let i = 0; i < PATTERNS; i++) {
    builder.addConditional(conditional({ kind: 'regex', pattern: make(i) }, BLOCK), i + 1)
  }
  const { buffer, conditionals } = builder.finish()
  // Another one looks which names are missed, so that the measured one has not seen them.
  const [measured, other] = [1, 2].map((generation) => openPolicy(buffer, [], generation, conditionals)) as [
    Policy,
    Policy,
  ]
  const wires = names.map((name) => wireFromName(name) as Uint8Array)
  const warm = Math.floor(wires.length / 3)
  for (const wire of wires.slice(0, warm)) measured.decide(wire, 0)
  const missed = wires.slice(warm).filter((wire) => other.decide(wire, 0).kind === 'none')
  const each = Math.floor(missed.length / rounds)
  return Array.from({ length: rounds }, (_, round) => {
    const some = missed.slice(round * each, (round + 1) * each)
    const before = process.threadCpuUsage()
    for (const wire of some) measured.decide(wire, 0)
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / some.length
  })
}

/** Two to four labels of letters and digits by chance, as trackers and malware make them. */
function chanceName(): string {
  const label = (): string =>
    Array.from({ length: 3 + Math.floor(random() * 14) }, () => SYMBOLS[Math.floor(random() * SYMBOLS.length)]).join('')
  return [...Array.from({ length: 1 + Math.floor(random() * 3) }, label), 'com'].join('.')
}

/** Fisher and Yates. */
function shuffled(names: string[]): string[] {
  for (let i = names.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[names[i], names[j]] = [names[j] as string, names[i] as string]
  }
  return names
}
