// The neighbour table of this machine: which MAC the kernel reaches each address at. Knows no ledger.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { type Address, type Mac, parseAddress, parseMac } from '../base/address.ts'

/** One neighbour. */
export interface Neighbour {
  readonly address: Address
  readonly mac: Mac
  /** The kernel has confirmed it within the last half minute; else it remembers it from before. */
  readonly fresh: boolean
}

/** How long `ip` may take, ms. */
const TIME_OUT = 5000
/** Most output that is taken: some 100,000 neighbours. */
const OUTPUT_MOST = 16 * 1024 ** 2

/** States in which the kernel stands by what it says (RFC 4861 §7.3.2); `STALE` is what it only remembers. */
const FRESH: ReadonlySet<unknown> = new Set(['REACHABLE', 'DELAY', 'PROBE', 'PERMANENT'])

/**
 * Reads the table with `ip -j neigh` (IPv4 and IPv6), or from `/proc/net/arp` (IPv4 only) where there is no `ip`.
 * Empty where neither is there: not every machine has such a table.
 */
export async function readNeighbours(signal?: AbortSignal): Promise<readonly Neighbour[]> {
  const table = await output('ip', ['-j', 'neigh', 'show'], signal)
  if (table !== undefined) return parseNeighbours(table)
  return parseArp(await readFile('/proc/net/arp', 'utf8').catch(() => ''))
}

/** Reads the JSON that `ip -j neigh` writes. Entries without a usable MAC are left out. */
export function parseNeighbours(json: string): readonly Neighbour[] {
  let entries: unknown
  try {
    entries = JSON.parse(json.trim() === '' ? '[]' : json)
  } catch {
    return []
  }
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: { dst?: unknown; lladdr?: unknown; state?: unknown } | null) => {
    const address = typeof entry?.dst === 'string' ? parseAddress(entry.dst) : undefined
    const mac = typeof entry?.lladdr === 'string' ? parseMac(entry.lladdr) : undefined
    const states = Array.isArray(entry?.state) ? entry.state : [entry?.state]
    if (address === undefined || mac === undefined || states.includes('FAILED')) return []
    return [{ address, mac, fresh: states.some((state) => FRESH.has(state)) }]
  })
}

/** Reads `/proc/net/arp`. It does not tell how fresh an entry is; flag 2 says that it is complete. */
export function parseArp(text: string): readonly Neighbour[] {
  return text.split('\n').flatMap((line) => {
    const [ip = '', , flags = '', hardware = ''] = line.trim().split(/\s+/, 4)
    const address = parseAddress(ip)
    const mac = parseMac(hardware)
    if (address === undefined || mac === undefined || (Number(flags) & 2) === 0) return []
    return [{ address, mac, fresh: false }]
  })
}

function output(command: string, args: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { timeout: TIME_OUT, maxBuffer: OUTPUT_MOST, ...(signal === undefined ? {} : { signal }) }
    execFile(command, args, options, (fault, stdout) => resolve(fault === null ? stdout : undefined))
  })
}
