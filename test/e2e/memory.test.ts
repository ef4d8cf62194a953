// A start needs most of Node's program once: what a running server gives back, and that it works as before.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askfirstCommand, makeHome, ready } from '../support/askfirst.ts'
import { address, cli } from '../support/asking.ts'
import { start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { freePorts } from '../support/ports.ts'
import { programInMemory } from '../support/process.ts'

test('what only the start needed goes back to the system; what is needed again is there again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
  const [dns = 0, http = 0] = await freePorts(2)
  const config = {
    listen: [`127.0.0.1:${dns}`],
    upstreams: { servers: [] },
    reports: { syslog: { udp: [], tcp: [] } },
    http: { listen: [`127.0.0.1:${http}`] },
    devices: { neighbours: false },
  }
  const home = await makeHome(folder, config, { 'a.hosts': '0.0.0.0 ads.example\n' })
  const server = start(...askfirstCommand('run', '--config', home.config))
  try {
    await ready(server)
    const program = (): Promise<number> => programInMemory(`/proc/${server.pid}`)
    const before = await program()
    expect(before).toBeGreaterThan(30_000_000)
    await until('most of it to be given back', async () => (await program()) < before / 2, 30_000)
    expect(await address(dns, 'ads.example')).toBe('127.0.0.1')
    // The compiler, the API and the command line's questions were all in what went.
    await writeFile(join(home.lists, 'b.hosts'), '0.0.0.0 more.example\n')
    await until('the new list to hold', async () => (await address(dns, 'more.example')) === '127.0.0.1', 20_000)
    const { code, text } = await cli('explain', 'more.example', '--config', home.config)
    expect(code).toBe(0)
    expect(text).toContain('blocked by')
    expect(await server.stop('SIGTERM')).toBe(0)
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
})
