// How long answers wait while a policy with patterns comes into force, and what a name costs that none of them matches.
// Run by hand: node --expose-gc bench/inside/pattern-swap.ts. Stalls are of the event loop, in ms of processor time, costs in µs a name.
import { deserialize, serialize } from 'node:v8'
import { wireFromName } from '../../src/base/name.ts'
import { inTurns, type Pieces } from '../../src/base/turns.ts'
import { policyBuilder } from '../../src/policy/compile.ts'
import type { Conditionals } from '../../src/policy/conditionals.ts'
import type { Policy } from '../../src/policy/decision.ts'
import { openInPieces, openPolicy } from '../../src/policy/policy.ts'
import { BLOCK, type ConditionalRule, conditional } from '../../src/policy/rule.ts'
import { type PackedConditionals, packConditionals, unpackConditionals } from '../../src/threads/packed.ts'
import { chance } from '../chance.ts'
import { inventedNames } from '../invented-names.ts'
import { inventedPatterns, type PatternKind } from '../invented-patterns.ts'

const random = chance(7)
const invent = inventedNames(random)
const kinds = inventedPatterns(random)
const patternRule = (pattern: string): ConditionalRule => conditional({ kind: 'regex', pattern }, BLOCK)
const typeRule = (name: string): ConditionalRule =>
  conditional({ kind: 'name', name, covers: 'tree' }, BLOCK, { types: { only: [28], not: [] } })

const cases: [string, ConditionalRule[]][] = [
  ['5,000 bare', rules(5000, 'bare')],
  ['1,000 loose', rules(1000, 'loose')],
  ['5,000 loose', rules(5000, 'loose')],
  ['1,000 short', rules(1000, 'short')],
  ['5,000 text', rules(5000, 'text')],
  ['25,000 text', rules(25_000, 'text')],
  ['5,000 shared', rules(5000, 'shared')],
  ['60,000 conditions', Array.from({ length: 60_000 }, () => typeRule(invent()))],
]
const names = Array.from({ length: 20_000 }, () => wireFromName(invent()) as Uint8Array)
for (const [title, given] of cases) await measure(title, given)

function rules(count: number, kind: PatternKind): ConditionalRule[] {
  return Array.from({ length: count }, (_, i) => patternRule(kinds[kind](i)))
}

async function measure(title: string, given: readonly ConditionalRule[]): Promise<void> {
  const builder = policyBuilder([1, 2, 3])
  builder.beginList()
  for (const [i, rule] of given.entries()) builder.addConditional(rule, i + 1)
  const { buffer, conditionals } = builder.finish()
  const sent = serialize(conditionals)
  const packed = packConditionals(conditionals)
  const whole = timed(() => openPolicy(buffer, [], 1, deserialize(sent) as Conditionals))
  globalThis.gc?.()
  const heart = heartbeat()
  const policy = await new Promise<Policy>((resolve) => {
    const turns = { ticks: () => performance.now(), later: setImmediate }
    inTurns(arriving(buffer, packed), turns, resolve)
  })
  const longest = await heart.end()
  const first = spent(policy, names.slice(0, 1000))
  let worst = 0
  for (const name of names.slice(1000, 3000))
    worst = Math.max(
      worst,
      timed(() => policy.decide(name, 0)),
    )
  spent(policy, names)
  const text = [
    `at once ${whole.toFixed(1)}`,
    `in turns ${longest.toFixed(1)}`,
    `first names ${first.toFixed(1)} µs`,
    `worst ${worst.toFixed(2)} ms`,
    `a miss ${spent(policy, names).toFixed(2)} µs`,
  ]
  process.stdout.write(`${title.padEnd(18)} ${text.join(', ')}\n`)
}

function* arriving(buffer: SharedArrayBuffer, packed: PackedConditionals): Pieces<Policy> {
  return yield* openInPieces(buffer, [], 1, yield* unpackConditionals(packed))
}

function timed(run: () => unknown): number {
  const before = cpu()
  run()
  return cpu() - before
}

/** Processor time of this thread so far, ms: what others do on the machine does not count. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function spent({ decide }: Policy, some: readonly Uint8Array[]): number {
  const before = process.threadCpuUsage()
  for (const name of some) decide(name, 0)
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / some.length
}

/** The longest time between two turns of the event loop. */
function heartbeat(): { end: () => Promise<number> } {
  let last = cpu()
  let longest = 0
  let beating = true
  const beat = (): void => {
    const now = cpu()
    longest = Math.max(longest, now - last)
    last = now
    if (beating) setImmediate(beat)
  }
  setImmediate(beat)
  return {
    end: () =>
      new Promise((resolve) => {
        setImmediate(() => {
          beating = false
          resolve(longest)
        })
      }),
  }
}
