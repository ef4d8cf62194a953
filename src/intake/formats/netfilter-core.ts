// Where the kernel's own words begin in a netfilter line, behind a prefix that anybody may have written. Knows only
// `IN=… OUT=…`, which every such line has.
import type { Reject } from './moment.ts'

/** The place of the core of a line. */
export interface NetfilterCore {
  /** All that stands before it, trimmed. */
  readonly prefix: string
  /** The values of `IN=` and `OUT=`. */
  readonly in: string
  readonly out: string
  /** Index of the first character after `OUT=…`. */
  readonly from: number
}

/**
 * Finds the core. It is the *last* `IN=x OUT=y`: the prefix is free text and may hold a false one, what the kernel
 * writes after the true one holds no free text. A core inside an open quotation (a user agent in a web log) or behind
 * more text than a firewall writes is another program's line that quotes one of ours.
 */
export function findCore(text: string): NetfilterCore | 'not-ours' | Reject {
  const at = coreStart(text)
  if (at < 0) return looksBeheaded(text) ? HEAD_LOST : 'not-ours'
  if (at > MAX_PREFIX) return { reject: 'the text before IN= is longer than any firewall writes' }
  const prefix = text.slice(0, at).trim()
  if (endsInQuotation(prefix)) return { reject: 'IN= stands inside a quotation' }
  if (at > MAX_KERNEL_PREFIX && coreStart(prefix) >= 0) return GLUED
  const out = text.indexOf(' ', at) + 5
  const end = text.indexOf(' ', out)
  const from = end < 0 ? text.length : end
  return { prefix, in: text.slice(at + 3, out - 5), out: text.slice(out, from), from }
}

/** Two lines in one: only one of them has its own stamp, and which is which cannot be told. */
export const GLUED: Reject = Object.freeze({ reject: 'two lines run into one' })

const HEAD_LOST: Reject = Object.freeze({ reject: 'the beginning is lost: no IN= before OUT=' })

/** Longest prefix that the kernel writes (NF_LOG_PREFIXLEN of linux/netfilter/nf_log.h, less its end mark). */
const MAX_KERNEL_PREFIX = 127
/** UniFi adds a description of the rule to it. */
const MAX_PREFIX = 512

/** Index of the last `IN=` that ` OUT=` follows directly; -1 where there is none. Looks at each character about once. */
function coreStart(text: string): number {
  // Nearly every line has one, and to look forward for it takes a fifth of the time.
  const first = text.indexOf(' OUT=')
  let out = text.indexOf(' OUT=', first + 1) < 0 ? first : text.lastIndexOf(' OUT=')
  for (;;) {
    // A prefix may touch it (`Shorewall:loc2net:ACCEPT:IN=eth1`), so it need not begin a word.
    const at = out < 3 ? -1 : text.lastIndexOf('IN=', out - 3)
    if (at < 0) return -1
    const end = text.indexOf(' ', at)
    if (end === out) return at
    out = text.lastIndexOf(' OUT=', end)
  }
}

/** A packet line whose beginning was lost: at least two of the kernel's fields, but no `IN=… OUT=…`. */
function looksBeheaded(text: string): boolean {
  let found = 0
  for (const key of TAIL_KEYS) if (text.includes(key) && ++found === 2) return true
  return false
}

const TAIL_KEYS = ['PROTO=', 'SPT=', 'DPT=', 'URGP=', ' DST=', ' TTL=', 'HOPLIMIT=']

function endsInQuotation(text: string): boolean {
  let open = false
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) open = !open
  return open
}
