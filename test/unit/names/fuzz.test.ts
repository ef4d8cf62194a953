// Lease and hosts files from enemies: whatever stands in them, nothing throws, and only host names come out.
import { describe, expect, test } from 'vitest'
import { readLeases } from '../../../src/devices/leases/leases.ts'
import { gatherNames, type NameSources } from '../../../src/names/gather.ts'
import { readHosts } from '../../../src/names/hosts-text.ts'
import type { Lease } from '../../../src/names/lease.ts'

const SEEDS = [
  '1560300536 08:00:27:61:3c:ee 192.168.0.51 phone 01:08:00:27:61:3c:ee\nduid 00:01:00:01:24:90:cf:5b:08:00:27:61:2e:2c\n1560300414 660684014 1234::1 laptop 00:01:00:01:24:90:cf:a3:08:00:27:61:3c:ee\n',
  'lease 10.0.0.2 {\n  ends 3 2036/09/15 09:12:16;\n  binding state active;\n  hardware ethernet 02:00:00:00:00:01;\n  client-hostname "a\\303\\274b";\n}\nia-na "\\001\\000\\000\\000" {\n  iaaddr fd00::1 {\n    ends never;\n  }\n}\n',
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state\n192.0.2.2,02:02:02:02:02:02,,200,2000000000,8,1,1,a&#x2cb,0\n',
  '[{"ip-address":"192.168.122.197","mac-address":"52:54:00:a4:6f:91","hostname":"fedora","expiry-time":1900000002}]',
  '{"leases":[{"expires":"2042-01-02T03:04:05Z","ip":"192.168.0.3","hostname":"example.host","mac":"AA:AA:AA:AA:AA:AA","static":false}]}',
  '192.168.1.5 nas nas.lan # box\nfe80::1%eth0 router\n',
]
const ODD = [
  '\0',
  '\u001b[2J',
  '\u202e',
  '{',
  '}',
  '"',
  '\\',
  ',',
  ';',
  '\n',
  ' ',
  '.',
  '*',
  '999',
  'é',
  'x'.repeat(300),
  '-',
]

/** Numbers that look like chance and are the same each time (Numerical Recipes, LCG). */
function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mutated(text: string, roll: (below: number) => number): string {
  let result = text
  for (let n = roll(6); n >= 0; n--) {
    const at = roll(result.length + 1)
    const kind = roll(4)
    if (kind === 0) result = result.slice(0, at) + ODD[roll(ODD.length)] + result.slice(at)
    else if (kind === 1) result = result.slice(0, at) + result.slice(at + roll(9))
    else if (kind === 2) result = result.slice(0, at) + result.slice(roll(result.length + 1))
    else result += SEEDS[roll(SEEDS.length)]
    result = result.slice(0, 20_000)
  }
  return result
}

const NOTHING: NameSources = { domain: 'lan', ttl: 60, records: [], rewrites: new Map(), hosts: [], leases: [] }
const asLeases = (leases: readonly Lease[]) =>
  gatherNames({ ...NOTHING, leases: [{ path: '/l', leases }] }).snapshot.records

describe('files from enemies', () => {
  test('20,000 mutated lease files give host names and reverse names, and nothing throws', () => {
    const roll = chance(20_261_126)
    for (let i = 0; i < 20_000; i++) {
      const { leases } = readLeases([mutated(SEEDS[roll(SEEDS.length)] as string, roll)])
      for (const [owner, records] of asLeases(leases)) {
        expect(owner).toMatch(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.lan)?|[0-9a-f.]+\.(in-addr|ip6)\.arpa)$/)
        expect(owner).not.toMatch(/^(wpad|localhost|isatap)(\.lan)?$/)
        expect(records.length).toBeLessThanOrEqual(256)
      }
    }
  })

  test('20,000 mutated hosts files are read, and what is told of them is safe to show', () => {
    const roll = chance(1)
    for (let i = 0; i < 20_000; i++) {
      const { entries, rejected } = readHosts(mutated(SEEDS[roll(SEEDS.length)] as string, roll))
      for (const text of [...entries.map((entry) => entry.text), ...rejected.map(({ why }) => why)]) {
        expect(text).not.toMatch(/[\u0000-\u001f\u007f\u202e]/)
      }
    }
  })
})
