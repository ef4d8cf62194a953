import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readIsc } from '../../../src/devices/leases/isc.ts'
import { formatOf, readLeases } from '../../../src/devices/leases/leases.ts'

const DATA = new URL('../../../../shared/data/leases/', import.meta.url).pathname
const read = (name: string) => readLeases([readFileSync(join(DATA, name), 'utf8')])
const short = (name: string) =>
  read(name).leases.map(({ address, name: host, expires }) => [address, host, expires / 1000])

describe.skipIf(!existsSync(DATA))('published lease files', () => {
  test('are told apart by their text', () => {
    const formats = Object.fromEntries(
      readdirSync(DATA, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path.slice(DATA.length), formatOf(readFileSync(path, 'utf8'))]),
    )
    expect(formats['libvirt-virbr0.status.json']).toBe('libvirt')
    for (const [path, format] of Object.entries(formats)) {
      if (path.startsWith('adguardhome/')) expect(format).toBe('adguard-home')
      if (path.endsWith('.csv')) expect(format).toBe('kea')
      if (path.includes('dhcpd')) expect(format).toBe('isc')
      if (path.endsWith('dnsmasq.leases')) expect(format).toBe('dnsmasq')
    }
  })

  test('of libvirt: an expiry of 0 never ends, a lease without a host name has none', () => {
    expect(short('libvirt-virbr0.status.json')).toEqual([
      ['192.168.122.197', 'fedora', 1900000002],
      ['192.168.122.198', 'fedora', 1900000001],
      ['192.168.122.254', 'gentoo', 2000000000],
      ['192.168.122.2', undefined, 2000000000],
      ['192.168.122.3', 'fedora', Number.POSITIVE_INFINITY],
    ])
  })

  test('of AdGuard Home: static leases never end', () => {
    expect(short('adguardhome/TestServer_Leases.leases.json')).toEqual([
      ['192.168.0.3', 'example.host', Date.UTC(2042, 0, 2, 3, 4, 5) / 1000],
      ['192.168.0.4', 'example.static.host', Number.POSITIVE_INFINITY],
    ])
  })

  test('of Kea: the columns are found by name; only active leases have not ended', () => {
    expect(short('metal-bmc-kea-leases4.csv')).toEqual([
      ['192.168.2.27', undefined, 1593240621],
      ['192.168.2.30', undefined, 1593240606],
    ])
    expect(read('metal-bmc-kea-leases4.csv').leases[0]?.mac).toBe('ac:1f:6b:35:ac:62')
    // State 1 is "declined".
    expect(short('kea-tests/leasefile-v6-2.csv')).toEqual([
      ['2001:db8:1::3', undefined, 0],
      ['2001:db8:1::2', undefined, 0],
      ['2001:db8:1::4', undefined, 0],
    ])
  })

  test('of ISC dhcpd: dates are UTC, a free binding has ended', () => {
    expect(short('netdata-dhcpd4.leases')).toEqual([
      ['10.220.252.2', undefined, Date.UTC(2020, 8, 15, 9, 12, 16) / 1000],
      ['10.220.252.3', undefined, 0],
      ['10.220.252.4', undefined, 1600137200],
      ['10.220.252.5', undefined, 0],
    ])
    expect(short('packet-guardian-dhcpd.leases')).toHaveLength(4)
  })
})

describe('leases of ISC dhcpd', () => {
  const text = `
authoring-byte-order little-endian;
lease 192.168.1.20 {
  ends never;
  binding state active;
  hardware ethernet 02:00:00:00:00:20;
  client-hostname "pho\\156e \\"x\\"";
  on expiry { set gone = 1;
    execute("x");
  }
  set ddns-fwd-name = "other.lan";
}
lease 192.168.1.20 {
  ends 4 2026/11/26 12:00:00;
  binding state active;
  hardware ethernet 02:00:00:00:00:20;
  set ddns-fwd-name = "tablet.lan";
}
ia-na "\\001\\000\\000\\000\\000\\003\\000\\001\\002\\000\\000\\000\\000\\041" {
  cltt 4 2026/11/26 10:00:00;
  iaaddr 2001:db8::21 {
    binding state active;
    ends 4 2026/11/26 12:00:00;
  }
}
lease nonsense {
  ends never;
}
lease 192.168.1.22 {
  ends never;`

  test('have their text unescaped, and one of DHCPv6 tells the MAC in its DUID', () => {
    expect(readIsc(text)).toEqual([
      {
        address: '192.168.1.20',
        mac: '02:00:00:00:00:20',
        fromDuid: false,
        name: 'phone "x"',
        expires: Number.POSITIVE_INFINITY,
      },
      {
        address: '192.168.1.20',
        mac: '02:00:00:00:00:20',
        fromDuid: false,
        name: 'tablet.lan',
        expires: Date.UTC(2026, 10, 26, 12),
      },
      {
        address: '2001:db8::21',
        mac: '02:00:00:00:00:21',
        fromDuid: true,
        name: undefined,
        expires: Date.UTC(2026, 10, 26, 12),
      },
    ])
  })

  test('are a log: the latest of an address counts', () => {
    expect(readLeases([text]).leases.map(({ address, name }) => [address, name])).toEqual([
      ['192.168.1.20', 'tablet.lan'],
      ['2001:db8::21', undefined],
    ])
  })
})

describe('leases of Kea', () => {
  const head =
    'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n'
  test('that a cleanup has put into a file beside it count, and later lines win', () => {
    const tidied = `${head}192.168.1.5,02:00:00:00:00:05,,3600,2000000000,1,0,0,old.lan.,0,\n192.168.1.6,02:00:00:00:00:06,,3600,2000000000,1,0,0,gone,0,\n`
    const current = `${head}192.168.1.5,02:00:00:00:00:05,,4294967295,2000000000,1,0,0,a&#x2cb,0,\n192.168.1.6,02:00:00:00:00:06,,0,2000000000,1,0,0,gone,0,\n`
    const { format, leases } = readLeases([tidied, current])
    expect(format).toBe('kea')
    expect(leases.map(({ name, expires }) => [name, expires])).toEqual([
      ['a,b', Number.POSITIVE_INFINITY],
      ['gone', 0],
    ])
  })
})

test('a damaged or hostile file gives what can be read of it', () => {
  expect(readLeases([]).leases).toEqual([])
  for (const text of ['{', '[', '[null, 1, {"ip-address": 7}]', '{"leases": {"a": 1}}', '{"leases":[{"ip":[]}]}'])
    expect(readLeases([text]).leases).toEqual([])
  expect(readLeases(['address,\n,,,,\n\u0000\n']).leases).toEqual([])
  expect(readLeases([`lease ${'9'.repeat(10_000)} {\n}\n`]).leases).toEqual([])
})
