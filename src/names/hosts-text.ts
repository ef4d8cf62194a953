// The text of a hosts file as entries: an address, then its names, the first one canonical. Reads no file.
import { type Address, addressBytes, parseAddress, scopeOf } from '../base/address.ts'
import { isUnder, type Name, parseName } from '../base/name.ts'
import { safeText } from '../base/text.ts'

/** One line. */
export interface HostsEntry {
  readonly address: Address
  /** At least one; the first is the one that the reverse name leads to. */
  readonly names: readonly Name[]
  /** From 1. */
  readonly line: number
  /** The line as it stands there, escaped. */
  readonly text: string
}

/** What a file says. */
export interface HostsText {
  readonly entries: readonly HostsEntry[]
  /** Lines about the machine itself (`127.0.1.1 myhost`, `ff02::1 ip6-allnodes`): true there and nowhere else. */
  readonly own: number
  /** Lines that are none, by number and reason; the first `REJECTS_KEPT`. */
  readonly rejected: readonly { readonly line: number; readonly why: string }[]
  readonly rejectedCount: number
}

const REJECTS_KEPT = 20
/** Longest line that is read; a longer one is rejected. */
const LINE_MAX = 4096

/** Reads the text; a line that is no entry is rejected and changes nothing for the others. Source: hosts(5). */
export function readHosts(text: string): HostsText {
  const entries: HostsEntry[] = []
  const rejected: { line: number; why: string }[] = []
  let own = 0
  let rejectedCount = 0
  text.split('\n').forEach((raw, i) => {
    const read = readLine(raw, i + 1)
    if (read === 'own') own++
    else if (read !== 'blank' && 'address' in read) entries.push(read)
    else if (read !== 'blank' && rejectedCount++ < REJECTS_KEPT) rejected.push({ line: i + 1, why: read.why })
  })
  return { entries, own, rejected, rejectedCount }
}

function readLine(raw: string, line: number): HostsEntry | 'own' | 'blank' | { readonly why: string } {
  if (raw.length > LINE_MAX) return { why: `longer than ${LINE_MAX} characters` }
  const words = (raw.split('#', 1)[0] ?? '').split(/\s+/).filter((word) => word !== '')
  const [where, ...hosts] = words
  if (where === undefined) return 'blank'
  const address = parseAddress(where)
  if (address === undefined) return { why: `"${safeText(where, 64)}" is no address` }
  if (isOwn(address)) return 'own'
  const names = hosts.map((host) => parseName(host))
  const bad = hosts.find((_, at) => names[at] === undefined || names[at] === '.')
  if (bad !== undefined) return { why: `"${safeText(bad, 64)}" is no name` }
  const usable = (names as Name[]).filter((name) => !isUnder(name, 'localhost'))
  if (usable.length === 0) return { why: 'there is no name behind the address' }
  return { address, names: usable, line, text: safeText(raw.trim(), 200) }
}

function isOwn(address: Address): boolean {
  const scope = scopeOf(addressBytes(address) as Uint8Array)
  return scope === 'loopback' || scope === 'multicast' || scope === 'broadcast'
}
