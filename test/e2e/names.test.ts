// The names of a real house: a real DHCP server writes its leases, people edit hosts files, dig asks.
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { buildHouse, type House, PLAN, type Running, requireTools, until } from '../support/house.ts'

/** "Live within a second". */
const LIVE_WITHIN_MS = 1000

describe.skipIf(!requireTools())('the names of a house', () => {
  let house: House
  let home: Home
  let askfirst: Running
  let hosts: string

  const dig = (...args: string[]) => house.device.must('dig', ['+time=2', '+tries=1', ...args])
  const short = async (...args: string[]) => (await dig('+short', ...args)).trim().split('\n')
  const status = async (...args: string[]) => /status: (\w+)/.exec(await dig(...args))?.[1]
  const becomes = (expected: string, ...args: string[]) =>
    until(
      `${args.join(' ')} to be ${expected}`,
      async () => (await short(...args)).includes(expected) || undefined,
      LIVE_WITHIN_MS,
    )
  const api = async <T>(path: string): Promise<T> =>
    JSON.parse(await house.gateway.must('curl', ['-sS', `http://127.0.0.1:8053${path}`])) as T

  beforeAll(async () => {
    house = await buildHouse({ records: ['inside.example. 300 IN A 192.168.77.14'] })
    hosts = join(house.folder, 'house.hosts')
    await writeFile(hosts, '192.168.77.9 printer\n')
    home = await makeHome(join(house.folder, 'askfirst'), {
      listen: ['0.0.0.0:53', '[::]:53'],
      allowFrom: [PLAN.lan.ipv4, '127.0.0.0/8', PLAN.lan.ipv6],
      upstreams: { servers: [PLAN.dns.ipv4] },
      reports: { syslog: { udp: [], tcp: [] } },
      devices: { leases: [house.gateway.leaseFile] },
      network: { inside: [PLAN.lan.ipv4, PLAN.lan.ipv6], domain: 'lan' },
      http: { listen: ['127.0.0.1:8053'] },
      hosts: [hosts],
      records: {
        'nas.lan': ['192.168.77.10', '2001:db8:77::10'],
        'shop.lan': 'web.example.test',
        '*.apps.lan': '192.168.77.11',
      },
    })
    askfirst = house.gateway.spawn(...askfirstCommand('run', '--config', home.config))
    await ready(askfirst)
  })
  afterAll(async () => {
    await house?.close()
  })

  test('a device that has a lease has a name, and its address a reverse name', async () => {
    expect(await short('device.lan')).toEqual([house.device.ipv4])
    expect(await short('device')).toEqual([house.device.ipv4])
    expect(await short('-x', house.device.ipv4)).toEqual(['device.lan.'])
  })

  test('a device that joins is answered within a second, and names its device for the ledger', async () => {
    const phone = await house.addDevice({ name: 'Annas_Phone' })
    await becomes(phone.ipv4, 'annas-phone.lan')
    expect(await short('-x', phone.ipv4)).toEqual(['annas-phone.lan.'])
    const { devices } = await api<{ devices: { mac: string; name: string }[] }>('/api/v1/devices')
    expect(devices).toContainEqual(expect.objectContaining({ mac: phone.mac, name: 'Annas_Phone' }))
  })

  test('a device cannot take a name that people gave, nor wpad', async () => {
    for (const name of ['nas', 'printer', 'wpad', 'localhost']) await house.addDevice({ name })
    const refused = async () =>
      (await api<{ names: { refusedLeases: Record<string, number> } }>('/api/v1/stats')).names.refusedLeases
    await until('the leases to be refused', async () => {
      const { defined = 0, reserved = 0 } = await refused()
      return (defined === 2 && reserved >= 1) || undefined
    })
    expect(await short('nas.lan')).toEqual(['192.168.77.10'])
    expect(await short('printer.lan')).toEqual(['192.168.77.9'])
    expect(await status('wpad.lan')).toBe('NXDOMAIN')
    expect(await short('localhost')).toEqual(['127.0.0.1'])
  })

  test('an edit of a hosts file, and its replacement, are answered within a second', async () => {
    await appendFile(hosts, '2001:db8:77::9 printer\n')
    await becomes('2001:db8:77::9', 'printer.lan', 'AAAA')
    await writeFile(`${hosts}.new`, '192.168.77.19 printer\n')
    await rename(`${hosts}.new`, hosts)
    await becomes('192.168.77.19', 'printer.lan')
    expect(await short('-x', '192.168.77.19')).toEqual(['printer.lan.'])
  })

  test('what is ours is answered with authority; what is not exists there or not', async () => {
    expect(await dig('nas.lan')).toMatch(/flags: qr aa rd ra/)
    expect(await status('nowhere.lan')).toBe('NXDOMAIN')
    expect(await dig('nas.lan', 'TXT')).toMatch(/status: NOERROR[\s\S]*ANSWER: 0, AUTHORITY: 1/)
    expect(await short('x.y.apps.lan')).toEqual(['192.168.77.11'])
    expect(await status('-x', '192.168.77.250')).toBe('NXDOMAIN')
    expect(await short('-x', '2001:db8:77::10')).toEqual(['nas.lan.'])
  })

  test('an alias that leads outside brings the address along, over UDP, TCP and from the cache', async () => {
    for (const way of ['+notcp', '+tcp', '+notcp'])
      expect(await short(way, 'shop.lan')).toEqual(['web.example.test.', PLAN.web.ipv4])
  })

  test('a record, a rewrite and rebinding protection that are written into the configuration count at once', async () => {
    const config = JSON.parse(await readFile(home.config, 'utf8')) as { records: object }
    const records = { ...config.records, 'new.lan': '192.168.77.12' }
    const rewrites = { 'other.example.test': '192.168.77.13' }
    const next = { ...config, records, rewrites, rebinding: { protect: true } }
    expect(await short('inside.example')).toEqual(['192.168.77.14'])
    await writeFile(home.config, JSON.stringify(next))
    await becomes('192.168.77.12', 'new.lan')
    expect(await short('other.example.test')).toEqual(['192.168.77.13'])
    expect(await dig('inside.example')).toMatch(/EDE: 15 \(Blocked\).*rebinding/)
    const { refused } = await api<{ refused: Record<string, number> }>('/api/v1/stats')
    expect(refused['rebinding']).toBe(1)
  })

  test('explain says which record and which file answers', async () => {
    const explained = async (name: string) => {
      const [command, args] = askfirstCommand('explain', name, '--config', home.config)
      return house.gateway.must(command, args)
    }
    expect(await explained('nas.lan')).toMatch(/config +the configuration +records: nas\.lan/)
    expect(await explained('printer.lan')).toContain(`${hosts}:1`)
    expect(await explained('device.lan')).toMatch(new RegExp(`lease .*lease of ${house.device.ipv4}`))
  })
})
