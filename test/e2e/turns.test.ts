// Whose turn it is where nothing of a processor is left: answers first, and a new list not never.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { getPriority, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { address } from '../support/asking.ts'
import { type Running, start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { freePorts } from '../support/ports.ts'
import { type Turn, turns } from '../support/process.ts'

/** Enough work that it is not done in what SCHED_IDLE gets beside a busy processor: some 0.3 % of it. */
const NAMES = 300_000
const CORE = '0'

function hasSlices(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 12)
}

async function settle(): Promise<{ readonly folder: string; readonly dns: number; readonly home: Home }> {
  const folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
  const [dns = 0, http = 0] = await freePorts(2)
  const home = await makeHome(folder, {
    listen: [`127.0.0.1:${dns}`],
    upstreams: { servers: [] },
    reports: { syslog: { udp: [], tcp: [] } },
    http: { listen: [`127.0.0.1:${http}`] },
    devices: { neighbours: false },
  })
  return { folder, dns, home }
}

test('who starts it with less priority has it: no thread takes more', async () => {
  const { folder, home } = await settle()
  const [node, args] = askfirstCommand('run', '--config', home.config)
  const server = start('nice', ['-n', '7', node, ...args])
  try {
    await ready(server)
    const levels = [...(await turns(`/proc/${server.pid}`)).values()].map(({ nice }) => nice)
    expect(Math.min(...levels)).toBe(getPriority() + 7)
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
})

test('a resolver has its turn soon; a list is compiled in what others leave, and where that is nothing it is waited for no longer than it should', async () => {
  const { folder, dns, home } = await settle()
  const [node, args] = askfirstCommand('run', '--config', home.config)
  const programs: Running[] = [start('taskset', ['-c', CORE, node, ...args])]
  const [server] = programs as [Running]
  try {
    await ready(server)
    const ofAll = [...(await turns(`/proc/${server.pid}`)).values()]
    const resolver = ofAll.find(({ name }) => name === 'resolver')
    const control = ofAll.find(({ name }) => name === 'node-MainThread')
    expect([resolver?.nice, control?.nice]).toEqual([getPriority(), Math.max(5, getPriority())])
    // What it asks for Linux gives from 6.12 on; before, all have the same.
    expect(resolver?.slice).toBe(hasSlices() ? 100_000 : control?.slice)
    programs.push(start('taskset', ['-c', CORE, node, '-e', 'for (;;) {}']))
    const seen: Turn[] = []
    const compiling = async (wanted: Partial<Turn>): Promise<boolean> => {
      const worker = [...(await turns(`/proc/${server.pid}`)).values()].find(({ name }) =>
        name.startsWith('askfirst-comp'),
      )
      if (worker !== undefined) seen.push(worker)
      return worker?.policy === wanted.policy && worker?.nice === wanted.nice
    }
    const names = Array.from({ length: NAMES }, (_, i) => `0.0.0.0 n${i}.example\n`)
    await writeFile(join(home.lists, 'many.hosts'), names.join(''))
    await until('a compilation that takes what others leave', () => compiling({ policy: 5, nice: 10 }), 30_000)
    // Answers do not wait for it, nor for the busy program.
    expect(await address(dns, 'n1.example')).toBeUndefined()
    await until('its patience to end', () => compiling({ policy: 0, nice: 10 }), 40_000)
    await until('the list to hold', async () => (await address(dns, `n${NAMES - 1}.example`)) === '127.0.0.1', 60_000)
    expect(seen.map(({ policy }) => policy)).toContain(5)
  } finally {
    for (const program of programs) await program.stop()
    await rm(folder, { recursive: true })
  }
}, 180_000)
