import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a line of dnsmasq', () => {
  test.each([
    ['address=/ads.example/#', ['block *.ads.example']],
    ['address=/ads.example/', ['block *.ads.example']],
    ['address=/ads.example/0.0.0.0', ['block *.ads.example']],
    ['address=/ads.example/127.0.0.1', ['block *.ads.example']],
    ['address=/ads.example/::', ['block *.ads.example']],
    ['--address=/ADS.example./::1', ['block *.ads.example']],
    ['server=/ads.example/', ['block *.ads.example']],
    ['local=/ads.example/', ['block *.ads.example']],
    ['local=/a.example/b.example/c.example/', ['block *.a.example', 'block *.b.example', 'block *.c.example']],
    ['address=/a.example/b.example/0.0.0.0', ['block *.a.example', 'block *.b.example']],
    ['server=/good.example/#', ['allow *.good.example']],
    ['address=/nas.example/192.168.1.5', ['records(A 192.168.1.5) *.nas.example']],
    ['address=/*.ads.example/#', ['block ?.ads.example']],
    ['address=/*ads.example/#', ['block /ads\\.example$/']],
    ['address=/#/0.0.0.0', ['block anything']],
    ['host-record=ads.example,b.example,0.0.0.0,::,300', ['block ads.example', 'block b.example']],
    ['bogus-nxdomain=192.0.2.0/24', ['nxdomain 192.0.2.0/24']],
    ['address=/zip/#', ['block *.zip']],
    ['address=/.ads.example/', ['block *.ads.example']],
    ['address = /ads.example/', ['block *.ads.example']],
    ['address=/ads.example/ # why', ['block *.ads.example']],
    ['address=/ads.example/#\t# why', ['block *.ads.example']],
    ['server=/good.example/# # why', ['allow *.good.example']],
    ['local=/bücher.example/', ['block *.xn--bcher-kva.example']],
  ])('%s', (line, rules) => {
    expect(rulesOf(line)).toEqual(rules)
    expect(rulesOf(line, 'dnsmasq')).toEqual(rules)
    expect(readText(line).formats).toEqual(['dnsmasq'])
  })

  test.each([
    ['server=/corp.example/10.0.0.1', 'forward'],
    ['server=9.9.9.9', 'forward'],
    ['cache-size=1000', 'option'],
    ['dhcp-range=192.168.1.10,192.168.1.20', 'option'],
    ['cname=a.example,b.example', 'record'],
    ['host-record=nas.example,192.168.1.5', 'record'],
    ['local=/localhost/', 'own'],
    ['local=//', 'single-label'],
    ['address=//192.168.1.5', 'single-label'],
    ['address=/ads..example/#', /^a name with nothing between two dots/],
    ['address=/ads.example/router', /^what follows the names is no address/],
    ['address=/0.0.0.0', /^no name between the slashes/],
  ])('%s is no rule: %s', (line, end) => {
    expect(endOf(line)).toMatch(end)
  })
})
