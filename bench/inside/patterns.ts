// How long the policy takes to decide on a name that none of 5,000 patterns matches. Arguments: rounds, a list of names
// that are asked for. Prints `PatternFigures`.
import { readFileSync } from 'node:fs'
import { wireFromName } from '../../src/base/name.ts'
import { policyBuilder } from '../../src/policy/compile.ts'
import { openPolicy } from '../../src/policy/policy.ts'
import { BLOCK, conditional } from '../../src/policy/rule.ts'
import { chance } from '../chance.ts'
import { inventedPatterns, type PatternKind } from '../invented-patterns.ts'
import type { PatternFigures } from '../measure/inside.ts'

const [rounds, asked] = [Number(process.argv[2]), process.argv[3] as string]

const PATTERNS = 5000
/** Different names of each kind. */
const NAMES = 10_000
const SYMBOLS = 'abcdefghijklmnopqrstuvwxyz0123456789-'

const random = chance(11)
const popular = readFileSync(asked, 'utf8').trimEnd().split('\n').slice(0, NAMES)
const garbage = Array.from({ length: NAMES }, chanceName)
const figures: PatternFigures = {
  patterns: PATTERNS,
  text: measure('text', popular),
  bare: measure('bare', popular),
  bareGarbage: measure('bare', garbage),
}
process.stdout.write(JSON.stringify(figures))

/** Microseconds of processor time a name, for each round. Names that some pattern matches are left out; to find them is one more round, before which nothing has been learned. */
function measure(kind: PatternKind, names: readonly string[]): number[] {
  const make = inventedPatterns(chance(7))[kind]
  const builder = policyBuilder([1, 2, 3])
  builder.beginList()
  for (let i = 0; i < PATTERNS; i++) {
    builder.addConditional(conditional({ kind: 'regex', pattern: make(i) }, BLOCK), i + 1)
  }
  const { buffer, conditionals } = builder.finish()
  const { decide } = openPolicy(buffer, [], 1, conditionals)
  const wires = names.map((name) => wireFromName(name) as Uint8Array)
  const missed = wires.filter((wire) => decide(wire, 0).kind === 'none')
  return Array.from({ length: rounds }, () => {
    const before = process.threadCpuUsage()
    for (const wire of missed) decide(wire, 0)
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / missed.length
  })
}

/** Two to four labels of letters and digits by chance, as trackers and malware make them. */
function chanceName(): string {
  const label = (): string =>
    Array.from({ length: 3 + Math.floor(random() * 14) }, () => SYMBOLS[Math.floor(random() * SYMBOLS.length)]).join('')
  return [...Array.from({ length: 1 + Math.floor(random() * 3) }, label), 'com'].join('.')
}
