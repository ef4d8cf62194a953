// Which rule wins. The order stands here, once; docs/policy.md says the same in prose, and a test holds the two together.

/**
 * The clauses, highest first. A rule of a higher clause wins over every rule of a lower one, however long their names.
 * Within one clause the rule for the name alone comes first, then of those that cover sub-domains the one with the most
 * labels; where lists state the same rule, the first list's, and of its rules one that says where the name leads before
 * one that only blocks, then the first line.
 */
export const CLAUSES = {
  'device-allow': { kind: 'allow', words: 'a rule of this device allows it' },
  'device-block': { kind: 'block', words: 'a rule of this device blocks it' },
  'allow-list': { kind: 'allow', words: 'an allowlist allows it' },
  'important-exception': { kind: 'allow', words: 'an exception marked "important" allows it' },
  'important-block': { kind: 'block', words: 'a rule marked "important" blocks it' },
  exception: { kind: 'allow', words: 'an exception in a blocklist allows it' },
  'block-list': { kind: 'block', words: 'a blocklist blocks it' },
  'allow-only': { kind: 'block', words: 'its group gets only what a rule allows' },
} as const
export type Clause = keyof typeof CLAUSES

/** The clauses by their rank: 0 wins. */
export const RANKS = Object.keys(CLAUSES) as readonly Clause[]

const rankOf = (clause: Clause): number => RANKS.indexOf(clause)
const DEVICE_ALLOW = rankOf('device-allow')
const DEVICE_BLOCK = rankOf('device-block')
const ALLOW_LIST = rankOf('allow-list')
const IMPORTANT_EXCEPTION = rankOf('important-exception')
const IMPORTANT_BLOCK = rankOf('important-block')
const EXCEPTION = rankOf('exception')
const BLOCK_LIST = rankOf('block-list')

/** No plain rule of a table can have a higher rank than this; `owns`: own rules of the device are among them. */
export const highestRank = (allows: boolean, owns: boolean): number =>
  allows ? (owns ? DEVICE_ALLOW : ALLOW_LIST) : owns ? DEVICE_BLOCK : BLOCK_LIST

/**
 * The rank of a rule that matches. `allows`: what the rule does; `own`: it stands in the device's own rules;
 * `allowList`: its list is for allowing; `important`: it says so.
 */
export function rankRule(allows: boolean, own: boolean, allowList: boolean, important: boolean): number {
  if (own) return allows ? DEVICE_ALLOW : DEVICE_BLOCK
  if (!allows) return important ? IMPORTANT_BLOCK : BLOCK_LIST
  if (allowList) return ALLOW_LIST
  return important ? IMPORTANT_EXCEPTION : EXCEPTION
}
