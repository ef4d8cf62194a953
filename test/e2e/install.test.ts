// A fresh clone, as somebody gets it: installed without any install script, started from its sources and from dist/.
import { execFile } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeHome, ready } from '../support/askfirst.ts'
import { start } from '../support/house/running.ts'
import { queryPacket, readPacket } from '../support/packets.ts'

const run = promisify(execFile)
const REPOSITORY = new URL('../..', import.meta.url).pathname

let folder: string
let clone: string
// The Node that runs the tests stands for "a machine with Node 24 or newer"; the clone's own is not installed.
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'askfirst-clone-'))
  clone = join(folder, 'askfirst')
  await run('git', ['clone', '--quiet', '--no-hardlinks', REPOSITORY, clone])
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: clone, env })
  await run('npm', ['run', 'build'], { cwd: clone, env })
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test.each([
  ['its sources', 15_353, ['src/cli.ts']],
  ['dist/', 15_354, ['dist/cli.js']],
])('without install scripts the server works from %s', async (_from, port, program) => {
  const config = {
    listen: [`127.0.0.1:${port}`],
    upstreams: { servers: [] },
    reports: { syslog: { udp: [], tcp: [] } },
    http: { listen: [`127.0.0.1:${port + 10}`] },
  }
  // The list folder is the clone's own.
  const home = await makeHome(join(folder, String(port)), { ...config, lists: { folder: join(clone, 'blocklists') } })
  const server = start(process.execPath, [...program, 'run', '--config', home.config], { cwd: clone })
  try {
    await ready(server)
    const socket = createSocket('udp4')
    const reply = new Promise<Buffer>((resolve) => socket.once('message', resolve))
    socket.send(queryPacket('ad.doubleclick.net'), port, '127.0.0.1')
    expect(readPacket(await reply).answers).toMatchObject([{ type: 'A', data: '127.0.0.1' }])
    socket.close()
    // What is loaded behind the first answer: the API with all it needs, and what asks it.
    const { stdout } = await run(
      process.execPath,
      [...program, 'explain', 'ad.doubleclick.net', '--config', home.config],
      { cwd: clone },
    )
    expect(stdout).toMatch(/^ad\.doubleclick\.net: blocked by /)
  } finally {
    await server.stop()
  }
})
