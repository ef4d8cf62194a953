// Reads a DNS log of any known kind; each line is given to the format that it looks like. Knows no file.
import type { EpochMs } from '../../base/clock.ts'
import type { Zone } from '../zone.ts'
import { dnsmasqReader } from './dnsmasq.ts'
import { plainDnsJson } from './jsonl.ts'
import type { DnsLogReader } from './logged.ts'
import { zeekDnsJson, zeekDnsReader } from './zeek.ts'

/**
 * Makes a reader for one log: Zeek's `dns.log` (tab-separated or JSON), plain JSON lines, or dnsmasq's query log.
 * `zone` and `near` are for stamps that name no zone and no year.
 */
export function dnsLogReader(zone: Zone, near: EpochMs): DnsLogReader {
  const zeek = zeekDnsReader()
  const dnsmasq = dnsmasqReader(zone, near)
  let table = false
  return (line) => {
    if (line.startsWith('{')) {
      const plain = plainDnsJson(line)
      return plain.kind === 'not-ours' ? zeekDnsJson(line) : plain
    }
    if (line.startsWith('#')) {
      table ||= line.startsWith('#separator') || line.startsWith('#fields')
      return zeek(line)
    }
    return table ? zeek(line) : dnsmasq(line)
  }
}
