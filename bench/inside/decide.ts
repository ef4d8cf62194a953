// How long the policy takes to decide on a name. Arguments: rounds, a list of plain names, the same names as rules that
// cover what is below them. Prints `DecideFigures`.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { wireFromName } from '../../src/base/name.ts'
import { loadPolicy } from '../../src/lists/load.ts'
import type { Policy } from '../../src/policy/decision.ts'
import { openPolicy } from '../../src/policy/policy.ts'
import type { DecideFigures } from '../measure/inside.ts'

const [rounds, plain, covering] = [Number(process.argv[2]), process.argv[3] as string, process.argv[4] as string]

/** Different names, so that a look-up does not find what the one before left in the processor's cache; a power of two. */
const NAMES = 4096
const DECISIONS = 1_000_000

const listed = readFileSync(plain, 'utf8').trimEnd().split('\n')
const some = Array.from({ length: NAMES }, (_, i) => listed[Math.floor((i * listed.length) / NAMES)] as string)
const blocked = some.map(wire)
const none = some.map(fiveLabels).map(wire)

const exact = await policyOf(plain)
const subtree = await policyOf(covering)
const figures: DecideFigures = {
  rules: exact.blocked,
  none: measure(exact, none, 'none'),
  noneBelow: measure(subtree, none, 'none'),
  blocked: measure(exact, blocked, 'block'),
}
process.stdout.write(JSON.stringify(figures))

/** Nanoseconds of processor time a decision, for each round; one more round before them is left out: the compiler is still at work then. */
function measure(policy: Policy, names: readonly Uint8Array[], expected: string): number[] {
  return Array.from({ length: rounds + 1 }, () => {
    let right = 0
    const before = process.threadCpuUsage()
    for (let i = 0; i < DECISIONS; i++) {
      if (policy.decide(names[i & (NAMES - 1)] as Uint8Array, 0).kind === expected) right++
    }
    const { user, system } = process.threadCpuUsage(before)
    if (right !== DECISIONS) throw new Error(`${DECISIONS - right} of ${DECISIONS} decisions were not "${expected}"`)
    return ((user + system) * 1000) / DECISIONS
  }).slice(1)
}

async function policyOf(path: string): Promise<Policy> {
  const sources = { folder: null, files: [{ path, kind: 'block', format: 'auto' }], block: [], allow: [] } as const
  const seed = [0, 1, 2].map(() => randomBytes(4).readInt32LE()) as [number, number, number]
  const compiled = await loadPolicy(sources, 'refuse', seed)
  if (compiled.kind === 'refused') throw new Error(compiled.problems.map(({ message }) => message).join('\n'))
  return openPolicy(compiled.buffer, compiled.lists, 1)
}

/** A name of five labels under the ending of a listed one; its other labels are like a listed one's, but on no list. */
function fiveLabels(name: string, i: number): string {
  const labels = name.split('.')
  const ending = labels.at(-1) as string
  const own = `${labels.at(-2) as string}-${i}-unlisted`.slice(-63)
  return ['static', 'assets', ['eu', 'us', 'ap'][i % 3], own, ending].join('.')
}

function wire(name: string): Uint8Array {
  return wireFromName(name) as Uint8Array
}
