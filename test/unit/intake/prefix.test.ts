import { describe, expect, test } from 'vitest'
import { ruleOf } from '../../../src/intake/formats/prefix.ts'

describe('a log prefix', () => {
  test.each([
    ['Shorewall:loc2net:ACCEPT:', 'accepted'],
    ['loc-net ACCEPT', 'accepted'],
    ['[UFW ALLOW]', 'accepted'],
    ['[UFW BLOCK]', 'dropped'],
    ['[UFW LIMIT BLOCK]', 'dropped'],
    ['[UFW AUDIT]', 'unknown'],
    ['FINAL_REJECT:', 'rejected'],
    ['reject wan in:', 'rejected'],
    ['IPTABLES:BLOCKED-CONN:', 'dropped'],
    ['nft-custom drop:', 'dropped'],
    ['DENY:', 'dropped'],
    ['pass out', 'accepted'],
    ['[LAN_WAN-A-2147483647] DESCR="[LAN_WAN]Block All Traffic"', 'accepted'],
    ['[WAN_LOCAL-D-2147483647] DESCR="[WAN_LOCAL]Allow"', 'dropped'],
    ['[LAN_IN-20-R]', 'rejected'],
    ['[WAN_LOCAL-default-D]', 'dropped'],
    ['my rule "allow me"', 'unknown'],
    ['[FW_ADT]D=O CD=O', 'unknown'],
    ['dropbox', 'unknown'],
    ['', 'unknown'],
  ] as const)('%j says: %s', (prefix, action) => {
    expect(ruleOf(prefix)).toEqual({ rule: prefix === '' ? undefined : prefix, action })
  })

  test('is kept to 128 characters', () => {
    expect(ruleOf(`DROP ${'x'.repeat(1000)}`)).toEqual({ rule: `DROP ${'x'.repeat(123)}`, action: 'dropped' })
  })
})
