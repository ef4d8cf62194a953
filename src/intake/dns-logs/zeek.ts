// Zeek's dns.log, tab-separated or JSON. Knows no other log.
import { parseAddress } from '../../base/address.ts'
import type { HandOut } from '../../base/reply.ts'
import { jsonLine, listOf } from './json-line.ts'
import {
  answered,
  type DnsLogReader,
  type Logged,
  loggedName,
  loggedTime,
  NO_ANSWER,
  NOT_OURS,
  rejected,
} from './logged.ts'
import { unescaped, zeekTable } from './zeek-table.ts'

/** Makes a reader of the tab-separated form. Header lines may repeat, as after a rotation. */
export function zeekDnsReader(): DnsLogReader {
  const table = zeekTable()
  return (line) => {
    const read = table.read(line)
    if (read.kind === 'header') return NO_ANSWER
    if (read.kind === 'bad') return rejected(read.reason)
    if (read.path !== undefined && !read.path.startsWith('dns')) return NOT_OURS
    const list = (key: string): string[] => {
      const value = read.row.get(key)
      return value === undefined || value === '' ? [] : value.split(table.setSeparator()).map(unescaped)
    }
    return toAnswer({
      time: read.row.get('ts'),
      client: read.row.get('id.orig_h'),
      server: read.row.get('id.resp_h'),
      query: unescaped(read.row.get('query') ?? ''),
      answers: list('answers'),
      ttls: list('TTLs'),
    })
  }
}

/** Reads the JSON form; every line stands for itself. */
export const zeekDnsJson: DnsLogReader = (line) => {
  const entry = jsonLine(line)
  if (entry === undefined) return rejected('not a JSON object')
  if (!('id.orig_h' in entry) || !('qtype' in entry || 'query' in entry)) return NOT_OURS
  return toAnswer({
    time: entry['ts'],
    client: entry['id.orig_h'],
    server: entry['id.resp_h'],
    query: entry['query'],
    answers: listOf(entry['answers']),
    ttls: listOf(entry['TTLs']),
  })
}

interface Row {
  readonly time: unknown
  readonly client: unknown
  readonly server: unknown
  readonly query: unknown
  readonly answers: readonly (string | number)[]
  readonly ttls: readonly (string | number)[]
}

/**
 * A row is stamped with its question. `rtt` is left alone: where a client asks two servers it may be that of the
 * later answer (in a real log 71 of 598 connections began up to 0.16 s before `ts + rtt`), so the answer counts from
 * the question on.
 */
function toAnswer(row: Row): Logged {
  const time = loggedTime(row.time)
  const client = typeof row.client === 'string' ? parseAddress(row.client) : undefined
  if (time === undefined) return rejected('no time')
  if (client === undefined) return rejected('no client address')
  const name = loggedName(row.query)
  // Rows without a question are answers that Zeek saw alone; a name that is none was never asked for.
  if (name === undefined) return NO_ANSWER
  const handOuts: HandOut[] = []
  row.answers.forEach((answer, index) => {
    const address = typeof answer === 'string' ? parseAddress(answer) : undefined
    if (address !== undefined) handOuts.push({ address, ttl: secondsOf(row.ttls[index]) })
  })
  const server = typeof row.server === 'string' ? parseAddress(row.server) : undefined
  return answered({ time, client, name, handOuts, server })
}

/** A TTL as Zeek writes it, such as `60.000000`; 0 where there is none. */
function secondsOf(text: string | number | undefined): number {
  const seconds = Number(text)
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0
}
