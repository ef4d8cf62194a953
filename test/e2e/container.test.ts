// The image without Docker: what the Dockerfile runs, sets and starts, with the rights that compose.yaml gives, in a machine
// of its own. Knows no list of system calls: Docker's own allows all that the systemd unit does.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { until } from '../support/house/until.ts'
import { installed } from '../support/installed.ts'
import { type Machine, startMachine } from '../support/machine.ts'
import { arenas, isDistrusted, turns } from '../support/process.ts'
import { havePrograms } from '../support/programs.ts'

const PROGRAMS = {
  nsenter: 'util-linux',
  ip: 'iproute2',
  dig: 'bind9-dnsutils',
  setcap: 'libcap2-bin',
  useradd: 'passwd',
}
/** As the image of Node has it. */
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const repository = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

/** What the last stage of the Dockerfile says, line by line. */
async function image() {
  const text = (await repository('Dockerfile')).replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', ' ')
  const lines = text.slice(text.lastIndexOf('FROM ')).split('\n')
  const all = (word: string) => lines.filter((line) => line.startsWith(`${word} `)).map((l) => l.slice(word.length + 1))
  const words = (word: string) => JSON.parse(all(word).at(-1) as string) as string[]
  return {
    // Of what is run: all that needs no Debian package from the net.
    steps: all('RUN').flatMap((line) => line.split('&&').map((step) => step.trim())),
    environment: all('ENV'),
    folder: all('WORKDIR').at(-1) as string,
    user: all('USER').at(-1) as string,
    volume: all('VOLUME').at(-1) as string,
    command: [...words('ENTRYPOINT'), ...words('CMD')],
    health: JSON.parse(all('HEALTHCHECK').at(-1)?.split(' CMD ')[1] as string) as string[],
  }
}

describe.skipIf(!havePrograms(PROGRAMS))('the image', () => {
  let folder: string
  let machine: Machine
  let program: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-image-'))
    const { steps, environment, user, volume, command, folder: at } = await image()
    const { askfirst } = parse(await repository('compose.yaml')).services
    expect(askfirst).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:false'] })
    const rights = (askfirst.cap_add as string[]).map((right) => `,+${right.toLowerCase()}`).join('')
    const { '/opt/askfirst/config': _, '/opt/askfirst/blocklists': __, ...mounts } = await installed(folder)
    machine = await startMachine({
      // As Docker starts a user that is not root: nothing but the bound of what he may ever get.
      first: [
        ...['setpriv', '--reuid', user, '--regid', user, '--clear-groups', '--inh-caps=-all'],
        ...[`--bounding-set=-all${rights}`, 'env', '-i', '-C', at],
        ...[PATH, ...environment, ...command],
      ],
      // What useradd goes by.
      mounts: { ...mounts, '/etc/login.defs': '/etc/login.defs' },
      files: {
        '/opt/askfirst/config/askfirst.yaml': JSON.stringify({
          lists: { folder: '../blocklists' },
          upstreams: { servers: [] },
        }),
        '/opt/askfirst/blocklists/test.txt': 'ads.example\n',
      },
      before: [
        'mount -t tmpfs -o mode=755 tmpfs /usr/local',
        'mkdir /usr/local/bin',
        'ln -s /opt/askfirst/node_modules/.bin/node /usr/local/bin/node',
        ...steps.filter((step) => /^(cp|setcap|useradd|ln) /.test(step)),
        `mount -t tmpfs tmpfs ${volume}`,
        `chown ${user}: ${volume}`,
        'mount -t tmpfs tmpfs /tmp',
        'mount -o remount,ro /',
      ],
    })
    program = `${machine.root}/proc/1`
    await machine.running.waitForLine('"msg":"started"', { within: 30_000 })
  })
  afterAll(async () => {
    await machine?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  test('the server answers at port 53, not as root, with one right', async () => {
    const answer = await machine.must('dig', ['+short', '+time=2', '+tries=2', '@127.0.0.1', 'ads.example'])
    expect(answer).toBe('127.0.0.1\n')
    const status = await readFile(`${program}/status`, 'utf8')
    expect(status).toMatch(/^Uid:(\t10053){4}$/m)
    for (const set of ['Prm', 'Eff', 'Bnd']) expect(status).toMatch(new RegExp(`^Cap${set}:\t0{13}400$`, 'm'))
  })

  test('what the image sets for the loader and for Node counts, because its file gives no right', async () => {
    expect(await isDistrusted(program)).toBe(false)
    expect(await arenas(program)).toBe(0)
    expect(await readdir(`${machine.root}/var/lib/askfirst/compiled`)).not.toEqual([])
  })

  test('figures come second; its health and its figures can be asked for inside', async () => {
    await until('the first thread to come second', async () => (await turns(program)).get('1')?.nice === 5)
    const { user, folder: at, health } = await image()
    const inside = (...command: string[]) => {
      const somebody = ['--reuid', user, '--regid', user, '--clear-groups']
      return machine.run('setpriv', [...somebody, 'env', '-i', '-C', at, PATH, ...command], { timeout: 30_000 })
    }
    expect(await inside(...health)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await inside('node', 'dist/cli.js', 'stats')).toMatchObject({ code: 0, stderr: '' })
  })

  test('it ends by itself when it is told to', async () => {
    process.kill(Number(machine.root.split('/')[2]), 'SIGTERM')
    expect(await machine.running.ended).toBe(0)
  })
})
