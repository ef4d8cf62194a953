// The plain form: one JSON object a line, for logs that anything else can be turned into (docs/audit.md).
import { parseAddress } from '../../base/address.ts'
import { jsonLine, listOf } from './json-line.ts'
import { answered, type DnsLogReader, loggedName, loggedTime, NO_ANSWER, NOT_OURS, rejected } from './logged.ts'

/**
 * Reads `{"ts": 1790000000.25, "client": "192.168.1.10", "qname": "www.example.org", "a": ["203.0.113.7"],
 * "aaaa": [], "ttl": 60}`. `ts` is seconds since 1970 or an ISO 8601 stamp with a zone; `a`, `aaaa`, `ttl` and
 * `server` (who answered) may be left out; `ttl` in seconds is one number, or a list with one for each record of the answer. `"kind": "query"`
 * marks a line that is only a question.
 */
export const plainDnsJson: DnsLogReader = (line) => {
  const entry = jsonLine(line)
  if (entry === undefined) return rejected('not a JSON object')
  if (!('qname' in entry)) return NOT_OURS
  if (entry['kind'] === 'query') return NO_ANSWER
  const time = loggedTime(entry['ts'])
  const client = typeof entry['client'] === 'string' ? parseAddress(entry['client']) : undefined
  const name = loggedName(entry['qname'])
  if (time === undefined) return rejected('no time')
  if (client === undefined) return rejected('no client address')
  if (name === undefined) return NO_ANSWER
  const ttl = smallest(typeof entry['ttl'] === 'number' ? [entry['ttl']] : listOf(entry['ttl']))
  const handOuts = [...listOf(entry['a']), ...listOf(entry['aaaa'])].flatMap((text) => {
    const address = typeof text === 'string' ? parseAddress(text) : undefined
    return address === undefined ? [] : [{ address, ttl }]
  })
  const server = typeof entry['server'] === 'string' ? parseAddress(entry['server']) : undefined
  return answered({ time, client, name, handOuts, server })
}

/** The TTL of the whole: a list also holds those of aliases, so which is whose cannot be told. */
function smallest(ttls: readonly (string | number)[]): number {
  const known = ttls.filter((ttl) => typeof ttl === 'number' && ttl >= 0) as number[]
  return known.length === 0 ? 0 : Math.min(...known)
}
