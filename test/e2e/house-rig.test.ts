// Proves the house of network namespaces with an unbound in the place where askfirst will be.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouse, type House, missingTools, PLAN, type Running, requireTools } from '../support/house.ts'

const SWITCH = '/proc/sys/net/netfilter/nf_log_all_netns'
/** There while any house stands on this machine, also one of another test run. */
const HOUSES = '/run/askfirst-house'
const SYSLOG_PORT = 5514

describe.skipIf(!requireTools('unbound'))('a house of network namespaces', () => {
  let house: House
  let syslog: Running
  let conntrack: Running
  const switchBefore = existsSync(SWITCH) && !existsSync(HOUSES) ? readFileSync(SWITCH, 'utf8') : undefined

  beforeAll(async () => {
    house = await buildHouse({ records: ['elsewhere.example.net. 60 IN A 203.0.113.81'] })
    const conf = `${house.folder}/unbound.conf`
    await writeFile(conf, unboundConf(house.folder))
    const resolver = house.gateway.spawn('unbound', ['-d', '-p', '-c', conf])
    ;[syslog, conntrack] = await Promise.all([
      house.listenSyslog('127.0.0.1', SYSLOG_PORT),
      house.conntrack(),
      resolver.waitForLine('start of service'),
    ])
    await house.forwardLog({ address: '127.0.0.1', port: SYSLOG_PORT })
  })

  afterAll(async () => {
    await house?.close()
  })

  test('the device has a lease, a route and the gateway as its name server', async () => {
    expect(house.device.ipv4).toMatch(/^192\.168\.77\.1\d\d$/)
    expect(readFileSync(house.device.resolvConf, 'utf8')).toBe(`nameserver ${PLAN.gateway.ipv4}\n`)
    expect(await house.device.must('cat', ['/etc/resolv.conf'])).toBe(`nameserver ${PLAN.gateway.ipv4}\n`)
    expect(readFileSync(house.gateway.leaseFile, 'utf8')).toContain(
      `${house.device.mac} ${house.device.ipv4} ${house.device.name}`,
    )
  })

  test('the device resolves names, and what does not exist does not', async () => {
    const ask = (...words: string[]) => house.device.must('dig', ['+time=2', '+tries=2', ...words])
    expect(await ask('+short', 'web.example.test', 'A')).toBe(`${PLAN.web.ipv4}\n`)
    expect(await ask('+short', 'six.example.test', 'AAAA')).toBe(`${PLAN.web.ipv6}\n`)
    expect(await ask('+short', 'cloaked.example.test')).toBe(`blocked.example.test.\n${PLAN.blocked.ipv4}\n`)
    expect(await ask('+short', 'elsewhere.example.net')).toBe('203.0.113.81\n')
    expect(await ask('nothing.example.test')).toContain('status: NXDOMAIN')
    expect(await ask('nothing.anywhere')).toContain('status: NXDOMAIN')
  })

  test('a large answer is truncated over UDP and whole over TCP', async () => {
    const ask = (...words: string[]) => house.device.must('dig', [`@${PLAN.dns.ipv4}`, '+time=2', '+noedns', ...words])
    expect(await ask('+ignore', 'many.example.test')).toMatch(/flags:[^;]* tc/)
    expect((await ask('+short', '+tcp', 'many.example.test')).trim().split('\n')).toHaveLength(120)
    expect((await ask('+short', '+tcp', 'large.example.test', 'TXT')).trim().split('\n')).toHaveLength(20)
  })

  test('a connection by name reaches the web server, and the kernel and conntrack both report it', async () => {
    const page = await house.device.run('curl', ['-sS', '-m', '5', '-4', 'http://web.example.test/'])
    expect(page).toEqual({
      code: 0,
      stdout: `${house.device.ipv4} reached ${PLAN.web.ipv4} asking for web.example.test\n`,
      stderr: '',
    })
    const line = await syslog.waitForLine(`DST=${PLAN.web.ipv4} `)
    expect(line).toMatch(
      /^<6>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d gateway kernel: Shorewall:loc2net:ACCEPT:IN=lan\w+ OUT=wan/,
    )
    expect(line).toContain(
      `MAC=02:00:00:77:ff:01:${house.device.mac}:08:00 SRC=${house.device.ipv4} DST=${PLAN.web.ipv4}`,
    )
    expect(line).toMatch(/PROTO=TCP SPT=\d+ DPT=80 /)
    await conntrack.waitForLine(new RegExp(`\\[NEW\\] tcp .*src=${house.device.ipv4} dst=${PLAN.web.ipv4} .*dport=80`))
  })

  test('the same over IPv6', async () => {
    const page = await house.device.run('curl', ['-sS', '-m', '5', 'http://six.example.test/'])
    expect(page.stdout).toBe(`${house.device.ipv6} reached ${PLAN.web.ipv6} asking for six.example.test\n`)
    await syslog.waitForLine(/SRC=2001:0db8:0077:0000:\S+ DST=2001:0db8:00ff:0000:0000:0000:0000:0080 .*DPT=80 /)
    await conntrack.waitForLine(new RegExp(`\\[NEW\\] tcp .*src=${house.device.ipv6} dst=${PLAN.web.ipv6} `))
  })

  test('an address without a name is reached and reported, v4 and v6', async () => {
    for (const address of [PLAN.bare.ipv4, `[${PLAN.bare.ipv6}]`])
      expect((await house.device.run('curl', ['-sS', '-m', '5', `http://${address}/`])).code).toBe(0)
    await syslog.waitForLine(`DST=${PLAN.bare.ipv4} `)
    await syslog.waitForLine('DST=2001:0db8:00ff:0000:0000:0000:0000:0099 ')
  })

  test('an address of the wide world is unreachable at once, until it is put outside', async () => {
    const visit = () => house.device.run('curl', ['-sS', '-m', '5', 'http://198.51.100.200/'])
    const began = performance.now()
    expect((await visit()).code).toBe(7)
    expect(performance.now() - began).toBeLessThan(4_000)
    await house.outside.addAddress('198.51.100.200')
    await house.outside.addAddress('2001:db8:dead::1')
    expect((await visit()).stdout).toContain('reached 198.51.100.200')
    expect((await house.device.run('curl', ['-sS', '-m', '5', 'http://[2001:db8:dead::1]/'])).code).toBe(0)
  })

  test('a second device has its own MAC, lease and line', async () => {
    const second = await house.addDevice({ name: 'telly' })
    expect(second.mac).not.toBe(house.device.mac)
    expect(second.ipv4).not.toBe(house.device.ipv4)
    expect((await second.run('curl', ['-sS', '-m', '5', 'http://other.example.test/'])).stdout).toContain(second.ipv4)
    expect(await syslog.waitForLine(`SRC=${second.ipv4} DST=${PLAN.other.ipv4} `)).toContain(second.mac)
    expect(readFileSync(house.gateway.leaseFile, 'utf8')).toContain(`${second.mac} ${second.ipv4} telly`)
  })

  test('a second house stands beside the first, behind NAT and with a prefix of its own, and hears nothing of it', async () => {
    const beside = await buildHouse({ nat: true, logPrefix: 'lan-wan ACCEPT ' })
    try {
      const heard = await beside.listenSyslog('127.0.0.1', SYSLOG_PORT)
      await beside.forwardLog({ port: SYSLOG_PORT, form: 'rfc5424' })
      const visit = ['-sS', '-m', '5', `http://${PLAN.web.ipv4}/`]
      expect((await beside.device.run('curl', visit)).stdout).toContain(`${PLAN.wan.ipv4} reached ${PLAN.web.ipv4}`)
      expect(await heard.waitForLine('DST=')).toMatch(/^<6>1 \S+ gateway kernel - - - \s?lan-wan ACCEPT IN=lan/)
      expect(heard.lines.filter((line) => line.includes('DST='))).toHaveLength(1)
    } finally {
      await beside.close()
    }
    expect(syslog.lines.filter((line) => line.includes('lan-wan ACCEPT'))).toHaveLength(0)
    expect((await house.device.run('curl', ['-sS', '-m', '5', 'http://web.example.test/'])).code).toBe(0)
  })

  test('a program past its time limit ends with 124, and one that is not there does not end with 0', async () => {
    expect((await house.device.run('sleep', ['60'], { timeout: 100 })).code).toBe(124)
    expect((await house.device.run('no-such-program')).code).not.toBe(0)
  })

  test('nothing is left when it closes', async () => {
    const left = house.device.spawn('sh', ['-c', 'sleep 600 & echo $!; wait'])
    const grandchild = await left.waitForLine(/^\d+$/)
    const spaces = [house.device, house.gateway, house.outside].map(({ namespace }) => namespace)
    await house.close()
    await house.close()
    expect([String(left.pid), grandchild].filter(isAlive)).toEqual([])
    expect(spaces.filter((name) => existsSync(`/run/netns/${name}`) || existsSync(`/etc/netns/${name}`))).toEqual([])
    expect(existsSync(house.folder)).toBe(false)
    expect(existsSync(`${HOUSES}/houses/${house.id}`)).toBe(false)
    if (switchBefore !== undefined && !existsSync(HOUSES)) expect(readFileSync(SWITCH, 'utf8')).toBe(switchBefore)
  })

  test('a set-up that fails leaves nothing either', async () => {
    await expect(buildHouse({ records: ['web.example.test. IN A not-an-address'] })).rejects.toThrow('nsd-checkzone')
    const left = [...readdirSync('/run/netns'), ...readdirSync(tmpdir())]
    expect(left.filter((name) => new RegExp(`^(af|askfirst-house)-${process.pid}[a-z]`).test(name))).toEqual([])
  })

  test('names the packages that are missing', () => {
    expect(missingTools('unbound')).toEqual([])
  })
})

/** A zombie that pid 1 has not yet reaped is in /proc too, but has no command line. */
const isAlive = (pid: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

/** `test.` is one of the zones that unbound answers itself (RFC 6761), so it must be told not to. */
const unboundConf = (folder: string): string => `
server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  verbosity: 1
  num-threads: 1
  interface: ${PLAN.gateway.ipv4}
  interface: ${PLAN.gateway.ipv6}
  access-control: ${PLAN.lan.ipv4} allow
  access-control: ${PLAN.lan.ipv6} allow
  module-config: "iterator"
  local-zone: "test." nodefault
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: ${PLAN.dns.ipv4}
`
