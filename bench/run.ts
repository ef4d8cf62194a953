// `npm run bench`: measures askfirst beside other servers and writes what came of it. Everything runs on loopback, in a
// folder of its own below the system's temporary one; what was started is ended and the folder removed.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BarId } from './bars.ts'
import { judgeBars } from './bars.ts'
import type { Bench } from './bench.ts'
import { askfirst, type Contender, floor as floorServer, plainAskfirst, RIVALS, upstream } from './contenders.ts'
import { measureGrowth } from './growth.ts'
import { dnsperf, send } from './load.ts'
import { commit, loadAverage, machine, withoutPaths } from './machine.ts'
import { measureConnections } from './measure/connections.ts'
import { measureHuge } from './measure/huge.ts'
import { measureDecisions, measureJudgements, measurePatterns } from './measure/inside.ts'
import { measureLongLoad } from './measure/long-load.ts'
import { measureSideBySide } from './measure/side-by-side.ts'
import { measureStarts } from './measure/starts.ts'
import { measureSwaps } from './measure/swaps.ts'
import { misses, writeQueries } from './mix.ts'
import { installLine, missing, TOOLS, versionOf } from './need.ts'
import { type Plan, plan } from './options.ts'
import { renderPage } from './page.ts'
import { profile } from './profile.ts'
import { renderReport } from './report.ts'
import type { HitKind, Profile, Results } from './results.ts'
import { prepare } from './setup.ts'

const ROOT = new URL('../', import.meta.url).pathname
const PAGE = join(ROOT, 'docs/benchmarks.md')
const FIGURES = join(ROOT, 'docs/benchmarks.json')
/** The project's collected data, beside the repository; names are invented where it is not there. */
const DATA = join(ROOT, '../shared/data')

/** The kinds of hits that a bar needs. */
const KINDS: Partial<Record<BarId, HitKind>> = {
  hits: 'dnsperf',
  saturation: 'saturated',
  plain: 'saturated',
  p99: 'steady',
  p50: 'quiet',
}

// Debian keeps servers where only root looks by default.
process.env['PATH'] = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`
const begun = performance.now()
const say = (what: string): void => {
  process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(0).padStart(5)} s  ${what}\n`)
}

const chosen = plan(process.argv.slice(2))
if ('problem' in chosen) {
  process.stderr.write(chosen.problem)
  process.exit(process.argv.includes('--help') ? 0 : 2)
}
const rivals = RIVALS.filter(({ id }) => chosen.rivals?.includes(id) ?? true)
const needed = missing([...rivals, upstream])
if (needed.length > 0) {
  process.stderr.write(`missing: ${needed.map(({ program }) => program).join(', ')}\n\n  ${installLine(needed)}\n`)
  process.stderr.write(
    '\nThese packages may start servers on port 53; the benchmark needs only the programs:\n' +
      '  systemctl disable --now unbound pdns-recursor nsd kresd@1\n',
  )
  process.exit(1)
}

const loadBefore = loadAverage()
const prepared = await prepare(chosen, DATA, say)
const measured = await measure(chosen, prepared.bench, [...rivals, floorServer(prepared.floor)])
await prepared.end()
const results: Results = {
  setting: {
    date: new Date().toISOString().slice(0, 10),
    version: (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
    commit: commit(ROOT),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: machine(),
    tools: Object.fromEntries(
      [...TOOLS, upstream.from].flatMap((tool) => tool ?? []).map((tool) => [tool.program, versionOf(tool)]),
    ),
    rounds: chosen.rounds,
    seconds: chosen.seconds,
    cores: chosen.cores,
    names: prepared.bench.names.source,
    loadBefore,
    loadAfter: loadAverage(),
    minutes: (performance.now() - begun) / 60_000,
  },
  ...withoutPaths(measured, prepared.bench.folder, ROOT),
}
if (chosen.whole) {
  writeFileSync(FIGURES, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(PAGE, renderPage(results, readFileSync(PAGE, 'utf8')))
  say(`written: ${PAGE} and ${FIGURES}`)
}
process.stdout.write(chosen.json ? `${JSON.stringify(results, null, 2)}\n` : renderReport(results))
process.exit(0)

/** Measures what the plan has, and profiles askfirst where a bar of processor time or latency is missed. */
async function measure({ bars, growth, loadSeconds }: Plan, bench: Bench, others: readonly Contender[]) {
  const wants = (id: BarId): boolean => bars.has(id)
  const kinds = [...new Set(Object.entries(KINDS).flatMap(([id, kind]) => (wants(id as BarId) ? kind : [])))]
  const sideBySide =
    kinds.length > 0 || wants('misses')
      ? await measureSideBySide(bench, [askfirst(), ...(wants('plain') ? [plainAskfirst] : []), ...others], {
          kinds,
          misses: wants('misses'),
        })
      : { servers: {}, leftOut: {}, hits: {} }
  const figures: Omit<Results, 'setting'> = {
    ...sideBySide,
    ...(wants('list') || wants('restart') || wants('memory') ? { starts: await measureStarts(bench) } : {}),
    ...(wants('swap') ? { swaps: await measureSwaps(bench) } : {}),
    ...(wants('connections') ? { held: await measureConnections(bench) } : {}),
    ...(wants('decide') ? { decisions: await measureDecisions(bench) } : {}),
    ...(wants('patterns') ? { patterns: await measurePatterns(bench) } : {}),
    ...(wants('firewall') ? { judgements: await measureJudgements(bench) } : {}),
    ...(wants('rss') ? { longLoad: await measureLongLoad(bench, loadSeconds) } : {}),
    ...(wants('huge') ? { huge: await measureHuge(bench) } : {}),
    ...(growth ? { growth: await measureGrowth(bench) } : {}),
  }
  const missed = judgeBars(figures).filter(({ verdict }) => verdict === 'missed')
  return { ...figures, profiles: await profiles(bench, new Set(missed.map(({ id }) => id))) }
}

async function profiles(bench: Bench, missed: ReadonlySet<BarId>): Promise<Profile[]> {
  const { loader, hits: queries, names, folder } = bench
  const seconds = 5
  const made: Profile[] = []
  if (missed.has('hits') || missed.has('saturation')) {
    made.push(await profile(bench, 'hits', (server) => dnsperf(loader, server, { queries, seconds })))
  }
  if (missed.has('p99')) {
    const window = 20_000
    made.push(
      await profile(bench, '10,000 queries a second', (server) =>
        send(loader, server, { queries, seconds, window, rate: 10_000 }),
      ),
    )
  }
  if (missed.has('p50')) {
    const window = 1000
    made.push(
      await profile(bench, '100 queries a second', (server) =>
        send(loader, server, { queries, seconds, window, rate: 100 }),
      ),
    )
  }
  if (missed.has('misses')) {
    const fresh = join(folder, 'profiled.txt')
    writeQueries(fresh, 300_000, misses(names, 800))
    made.push(
      await profile(bench, 'misses', (server) => dnsperf(loader, server, { queries: fresh, seconds, once: true })),
    )
  }
  return made
}
