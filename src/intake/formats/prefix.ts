// What a log prefix tells: the rule's name and what was done with the packet. Knows nothing of the rest of the line.
import type { FirewallAction } from '../../ledger/report.ts'
import { remember } from '../remember.ts'

/** A log prefix as a report carries it. */
export interface Rule {
  /** As `Report.rule`: at most 128 characters; `undefined` for an empty prefix. */
  readonly rule: string | undefined
  readonly action: FirewallAction
}

/** Characters: 127 come from nftables (NF_LOG_PREFIXLEN), 63 from NFLOG, 29 from iptables' LOG; UniFi adds a description. */
const MAX_RULE = 128

const readPrefix = remember(
  (prefix: string): Rule => ({ rule: prefix === '' ? undefined : prefix, action: actionOf(prefix) }),
)

/** Reads a log prefix such as `Shorewall:loc2net:ACCEPT:`, `[UFW BLOCK]` or `[LAN_WAN-A-2147483647] DESCR="…"`. */
export const ruleOf = (prefix: string): Rule => readPrefix(prefix.slice(0, MAX_RULE))

/**
 * What a prefix says was done: UniFi's and EdgeOS' letter (`[LAN_WAN-A-20001]`, `[WAN_IN-default-D]`) where it has one,
 * else the last word that names an action. Quoted text is a description by the administrator and does not count.
 */
function actionOf(prefix: string): FirewallAction {
  const plain = withoutQuoted(prefix)
  const letter = /\[[^\]\s]{1,100}?-([ADR])(?:-\d{1,10})?\]/.exec(plain)?.[1]
  if (letter !== undefined) return LETTERS.get(letter) ?? 'unknown'
  let action: FirewallAction = 'unknown'
  for (const word of plain.toLowerCase().split(/[^a-z]+/)) action = WORDS.get(word) ?? action
  return action
}

const withoutQuoted = (text: string): string =>
  text
    .split('"')
    .filter((_, i) => i % 2 === 0)
    .join(' ')

const LETTERS: ReadonlyMap<string, FirewallAction> = new Map([
  ['A', 'accepted'],
  ['D', 'dropped'],
  ['R', 'rejected'],
])

const WORDS: ReadonlyMap<string, FirewallAction> = new Map([
  ...['accept', 'accepted', 'allow', 'allowed', 'pass', 'passed', 'permit', 'permitted'].map(
    (word): [string, FirewallAction] => [word, 'accepted'],
  ),
  ...['drop', 'dropped', 'block', 'blocked', 'deny', 'denied', 'discard', 'discarded'].map(
    (word): [string, FirewallAction] => [word, 'dropped'],
  ),
  ...['reject', 'rejected'].map((word): [string, FirewallAction] => [word, 'rejected']),
])
