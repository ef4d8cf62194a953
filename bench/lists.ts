// Measures lists: a million names from text to a policy, its size, and what a decision costs. Knows only public parts.
// Usage: node bench/lists.ts [folder of the test data, by default ../shared/data]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { wireFromName } from '../src/base/name.ts'
import { compilePolicy } from '../src/lists/compiler.ts'
import { loadPolicy } from '../src/lists/load.ts'
import type { Policy } from '../src/policy/decision.ts'
import { openPolicy } from '../src/policy/policy.ts'
import { openSnapshot } from '../src/policy/snapshot.ts'

const NAMES = 1_000_000
const ROUNDS = 7
/** Names asked in one measurement; side by side in memory, as packets in a receive buffer are. */
const ASKED = 16_384

const data = process.argv[2] ?? '../shared/data'
const folder = mkdtempSync(join(tmpdir(), 'askfirst-bench-'))

try {
  const packed = readFileSync(join(data, 'blocklists/volume/union.domains.txt.gz'))
  const names = gunzipSync(packed)
    .toString('latin1')
    .split('\n')
    .filter((name) => name !== 'localhost.localdomain')
    .slice(0, NAMES)
  console.log(
    `${cpus()[0]?.model.trim()}, Node ${process.versions.node}; ${names.length} names; best and median of ${ROUNDS} rounds`,
  )
  await measure('plain names', names, names)
  await measure(
    'with sub-domains',
    names.map((name) => `*.${name}`),
    names,
  )
} finally {
  rmSync(folder, { recursive: true })
}

async function measure(title: string, lines: readonly string[], names: readonly string[]): Promise<void> {
  const path = join(folder, 'list.txt')
  writeFileSync(path, lines.join('\n'))
  const sources = { folder: null, files: [{ path, kind: 'block', format: 'auto' }], block: [], allow: [] } as const
  const [inWorker, inThread, processor] = [[], [], []] as [number[], number[], number[]]
  let buffer: SharedArrayBuffer | undefined
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now()
    const result = await compilePolicy(sources, 'refuse')
    inWorker.push(performance.now() - before)
    if (result.kind === 'compiled') buffer = result.buffer
    const cpu = process.cpuUsage()
    const again = performance.now()
    await loadPolicy(sources, 'refuse', [1, 2, 3])
    inThread.push(performance.now() - again)
    const { user, system } = process.cpuUsage(cpu)
    processor.push((user + system) / 1000)
  }
  if (buffer === undefined) throw new Error('the list was refused')
  const policy = openPolicy(buffer, [], 1)
  const { size } = openSnapshot(buffer)
  const step = Math.floor(names.length / ASKED)
  const hits = Array.from({ length: ASKED }, (_, i) => names[i * step] as string)
  const misses = Array.from(
    { length: ASKED },
    (_, i) => `www.${(i * 7919).toString(36)}.static.n${(i * 104_729).toString(36)}.example`,
  )

  console.log(`\n${title}`)
  console.log(`  text to policy, new worker and all   ${spread(inWorker)} ms`)
  console.log(`  the same in this thread, warm        ${spread(inThread)} ms, processor ${spread(processor)} ms`)
  console.log(`  snapshot                             ${size} bytes, ${(size / names.length).toFixed(1)} a name`)
  console.log(`  decide, name of a rule               ${spread(decisions(policy, hits, 'block'))} ns`)
  console.log(`  decide, 5 labels, no rule            ${spread(decisions(policy, misses, 'none'))} ns`)
}

/** Nanoseconds for a decision, one figure a round. */
function decisions(policy: Policy, names: readonly string[], expected: 'block' | 'none'): number[] {
  const wires = names.map((name) => wireFromName(name) as Uint8Array)
  const offsets = wires.map(() => 0)
  const bytes = new Uint8Array(wires.reduce((sum, wire) => sum + wire.length, 0))
  let end = 0
  wires.forEach((wire, i) => {
    offsets[i] = end
    bytes.set(wire, end)
    end += wire.length
  })
  const round = (): number => {
    const before = performance.now()
    let right = 0
    for (const offset of offsets) if (policy.decide(bytes, offset).kind === expected) right++
    const took = performance.now() - before
    if (right !== names.length) throw new Error(`${names.length - right} wrong decisions`)
    return (took * 1e6) / names.length
  }
  for (let i = 0; i < 20; i++) round()
  return Array.from({ length: 5 * ROUNDS }, round)
}

function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b)
  return `${sorted[0]?.toFixed(0)} / ${sorted[sorted.length >> 1]?.toFixed(0)}`
}
