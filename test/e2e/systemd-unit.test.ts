// The shipped systemd unit, under a real systemd that has a machine of its own: everything that it forbids is forbidden here.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stats } from '../../src/control/stats-schema.ts'
import { until } from '../support/house/until.ts'
import { installed } from '../support/installed.ts'
import { ALONE, type Machine, startMachine, systemd } from '../support/machine.ts'
import { arenas, isDistrusted, type Turn, turns } from '../support/process.ts'
import { havePrograms } from '../support/programs.ts'

const PROGRAMS = {
  '/usr/lib/systemd/systemd': 'systemd',
  nsenter: 'util-linux',
  ip: 'iproute2',
  dig: 'bind9-dnsutils',
  curl: 'curl',
  kill: 'procps',
}
const NODE = '/opt/askfirst/node_modules/.bin/node'
const ASKFIRST = [NODE, '/opt/askfirst/dist/cli.js']
const CONFIG = '/etc/askfirst/askfirst.yaml'
/** What docs/install.md says, and nothing of the world outside. */
const configuration = {
  lists: { folder: 'blocklists' },
  state: '/var/lib/askfirst',
  rules: '/var/lib/askfirst/rules.yaml',
  upstreams: { servers: [] },
}
const DEVICE = { mac: '02:00:00:77:00:09', ipv6: 'fd00:77::9' }
const DROP_IN = '/etc/systemd/system/askfirst.service.d/override.conf'
/** What the probe must be able to do. */
const ALLOWED = Object.fromEntries(
  ['let a thread come later', 'ask for a longer slice', 'be a batch', 'write its state', 'write its cache']
    .concat('write a /tmp of its own')
    .map((what) => [what, 'ok']),
)
/** Long enough that its thread is seen at work. */
const MANY = Array.from({ length: 500_000 }, (_, i) => `n${i}.example\n`).join('')

describe.skipIf(!havePrograms(PROGRAMS))('the systemd unit', () => {
  let folder: string
  let machine: Machine

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-unit-'))
    machine = await startMachine({
      first: systemd('house.target'),
      mounts: {
        ...(await installed(folder)),
        '/opt/probe.ts': new URL('../support/sandbox-probe.ts', import.meta.url).pathname,
      },
      files: {
        '/etc/systemd/system/askfirst.service': await readFile(
          new URL('../../config/askfirst.service', import.meta.url),
          'utf8',
        ),
        // Wanted by something that stays, the unit is remembered when it has stopped.
        '/etc/systemd/system/house.target': '[Unit]\nWants=askfirst.service\n',
        [CONFIG]: JSON.stringify(configuration),
        '/etc/askfirst/blocklists/test.txt': 'ads.example\n',
        '/etc/secret': 'of root',
        '/home/somebody/list.txt': 'tracker.example\n',
        '/tmp/of-others': '',
        '/var/log/kern.log': '',
      },
      before: [
        ...ALONE,
        'mknod /dev/sda b 7 200',
        'chmod 666 /dev/sda',
        'chmod 600 /etc/secret',
        'chgrp adm /var/log/kern.log',
        'chmod 640 /var/log/kern.log',
        // A LAN with one device: its address is ours, so that we can ask from it, and its MAC is a neighbour's.
        'ip link add lan0 type veth peer name lan1',
        'ip link set lan0 up',
        'ip link set lan1 up',
        'ip address add fd00:77::1/64 dev lan0 nodad',
        `ip address add ${DEVICE.ipv6}/64 dev lan0 nodad`,
        `ip neighbour add ${DEVICE.ipv6} lladdr ${DEVICE.mac} dev lan0`,
      ],
    })
    await answering()
  })
  afterAll(async () => {
    await machine?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  const api = (path: string) => machine.run('curl', ['-sSf', '-m', '5', `http://127.0.0.1:8053${path}`])
  /** Waits until the server answers; where it does not, systemd says how it ended. */
  const answering = () =>
    until('the server to answer', async () => (await api('/healthz')).code === 0, 30_000).catch(async (fault) => {
      const { stdout } = await machine.run('systemctl', ['status', '--no-pager', '--lines=20', 'askfirst'])
      throw new Error(`${(fault as Error).message}\n${stdout}`)
    })
  const stats = async (): Promise<Stats> => JSON.parse((await api('/api/v1/stats')).stdout) as Stats
  const dig = async (...words: string[]) =>
    (await machine.must('dig', ['+short', '+time=2', '+tries=2', ...words])).trim()
  const show = async (property: string) =>
    (await machine.must('systemctl', ['show', '--value', '-p', property, 'askfirst'])).trim()
  /** The server's folder in /proc. */
  const server = async () => `${machine.root}/proc/${await show('MainPID')}`

  test('systemd finds nothing wrong with it', async () => {
    const verified = await machine.run('systemd-analyze', ['verify', '/etc/systemd/system/askfirst.service'])
    expect(verified).toEqual({ code: 0, stdout: '', stderr: '' })
    const security = await machine.must('systemd-analyze', ['security', '--no-pager', 'askfirst.service'])
    expect(security).toMatch(/Overall exposure level for askfirst\.service: [\d.]+ OK/)
  })

  test('the server answers at port 53 as nobody in particular, with one right and behind a filter', async () => {
    for (const transport of ['+notcp', '+tcp'])
      expect(await dig(transport, '@127.0.0.1', 'ads.example')).toBe('127.0.0.1')
    const status = await readFile(`${await server()}/status`, 'utf8')
    expect(status).toMatch(/^Uid:(\t6[0-9]{4}){4}$/m)
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
      expect(status).toMatch(new RegExp(`^Cap${set}:\t0{13}400$`, 'm'))
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^Seccomp:\t2$/m)
    expect(await show('NRestarts')).toBe('0')
  })

  test('figures and evidence come second: only the threads that answer have the first place', async () => {
    const found = await turns(await server())
    const main = await show('MainPID')
    expect(found.get(main)?.nice).toBe(5)
    const threads = [...found.values()]
    const levels = (name: string): number[] => threads.filter((one) => one.name === name).map(({ nice }) => nice)
    expect(levels('resolver')).toEqual([0])
    // What all threads share: files read, memory collected, code compiled.
    expect(new Set([...levels('libuv-worker'), ...levels('node-V8Worker')])).toEqual(new Set([10]))
    expect(await api('/metrics')).toMatchObject({ code: 0, stdout: expect.stringContaining('askfirst_') })
  })

  test('a list that is edited live is taken, and the thread that compiles it comes last', async () => {
    await machine.write('/etc/askfirst/blocklists/test.txt', `ads.example\n${MANY}late.example\n`)
    const at = await server()
    // SCHED_IDLE, and with nice level 10 where it has waited for too long.
    const last = ({ nice, policy }: Turn): boolean => nice === 10 && policy === 5
    await until('a thread that comes last', async () => [...(await turns(at)).values()].some(last), 20_000)
    await until('the list to be taken', async () => (await stats()).policy.blocked > 500_000, 20_000)
    expect(await dig('@127.0.0.1', 'late.example')).toBe('127.0.0.1')
  })

  test('what is given at run time is written, and written again', async () => {
    for (const name of ['one.example', 'two.example']) {
      await machine.must(ASKFIRST[0] as string, [...ASKFIRST.slice(1), 'block', name, '--config', CONFIG])
      expect(await dig('@127.0.0.1', name)).toBe('127.0.0.1')
    }
    expect(await readFile(`${machine.root}/var/lib/askfirst/rules.yaml`, 'utf8')).toMatch(
      /one\.example[\s\S]*two\.example/,
    )
  })

  test('the neighbour table is read, IPv6 too, which takes a program of its own', async () => {
    expect(await dig('-b', DEVICE.ipv6, '@fd00:77::1', 'ads.example')).toBe('127.0.0.1')
    await until(
      'the device to have its MAC',
      async () => (await api('/api/v1/devices')).stdout.includes(DEVICE.mac),
      90_000,
    )
  })

  test('datagrams go through our own sockets, and what Node compiled is kept', async () => {
    expect(await readFile(`${await server()}/maps`, 'utf8')).toContain('koffi.node')
    expect(await readdir(`${machine.root}/var/cache/private/askfirst`)).not.toEqual([])
    // One heap for all threads: the loader does as GLIBC_TUNABLES says, which it would not where a file gives rights.
    expect(await isDistrusted(await server())).toBe(false)
    expect(await arenas(await server())).toBe(0)
  })

  test('it reloads, restarts with what it knew, and ends by itself', async () => {
    await machine.write(CONFIG, JSON.stringify({ ...configuration, records: { 'nas.home.arpa': '192.168.77.2' } }))
    await machine.must('systemctl', ['reload', 'askfirst'])
    await until('the record', async () => (await dig('@127.0.0.1', 'nas.home.arpa')) === '192.168.77.2')
    const before = await show('MainPID')
    await machine.must('systemctl', ['restart', 'askfirst'])
    await answering()
    expect(await show('MainPID')).not.toBe(before)
    expect(await dig('@127.0.0.1', 'one.example')).toBe('127.0.0.1')
    await machine.must('systemctl', ['stop', 'askfirst'])
    // 1: it ended by itself and no signal did it.
    expect([await show('ExecMainCode'), await show('ExecMainStatus'), await show('Result')]).toEqual([
      '1',
      '0',
      'success',
    ])
  })

  test('what docs/install.md calls forbidden is forbidden, and nothing else', async () => {
    await machine.write(DROP_IN, `[Service]\nExecStartPre=${NODE} /opt/probe.ts\n`)
    expect(await probed()).toEqual({ ...ALLOWED, ...(await forbidden()) })
  })

  test('a certificate, files of a group and homes are read with the lines that docs/install.md names for them', async () => {
    const tls = '/etc/tls'
    const made = ['cert', '--out', tls, '--name', 'dns.home.arpa', '--address', '127.0.0.1']
    await machine.must(ASKFIRST[0] as string, [...ASKFIRST.slice(1), ...made])
    const credentials = ['cert.pem', 'key.pem'].map((file) => `LoadCredential=${file}:${tls}/${file}`)
    await machine.write(
      DROP_IN,
      [
        '[Service]',
        `ExecStartPre=${NODE} /opt/probe.ts`,
        'SupplementaryGroups=adm',
        'ProtectHome=read-only',
        ...credentials,
        '',
      ].join('\n'),
    )
    const at = '/run/credentials/askfirst.service'
    const secret = {
      tls: { listen: ['127.0.0.1:853'] },
      certificate: { name: 'dns.home.arpa', file: `${at}/cert.pem`, key: `${at}/key.pem` },
      reports: { files: ['/var/log/kern.log'] },
    }
    await machine.write(CONFIG, JSON.stringify({ ...configuration, ...secret }))
    await machine.must('chgrp', ['adm', CONFIG])
    await machine.must('chmod', ['640', CONFIG])
    expect(await probed()).toEqual({
      ...ALLOWED,
      ...(await forbidden()),
      'read what only a group may': 'ok',
      'read a home': 'ok',
      'read the home of root': 'ok',
    })
    const options = [`+tls-ca=${tls}/ca.pem`, '+tls-hostname=dns.home.arpa', '@127.0.0.1']
    expect(await dig(...options, 'one.example')).toBe('127.0.0.1')
  })

  /** Starts the server anew, behind the probe; how each try of the probe ended. */
  async function probed(): Promise<Record<string, string>> {
    await machine.must('systemctl', ['daemon-reload'])
    const { stdout: mark } = await machine.run('date', ['+%s.%N'])
    await machine.must('systemctl', ['restart', 'askfirst'])
    await answering()
    const journal = await machine.must('journalctl', ['-u', 'askfirst', '-o', 'cat', '--since', `@${mark.trim()}`])
    return JSON.parse(journal.match(/^probe (.*)$/m)?.[1] ?? '{}') as Record<string, string>
  }
})

/** The table of docs/install.md: what is tried, and how that ends. */
async function forbidden(): Promise<Record<string, string>> {
  const text = await readFile(new URL('../../docs/install.md', import.meta.url), 'utf8')
  const rows = [...text.matchAll(/^\| (.+?) \| `(E[A-Z]+)` \|$/gm)]
  expect(rows.length).toBeGreaterThan(20)
  return Object.fromEntries(rows.map(([, what, end]) => [what, end]))
}
