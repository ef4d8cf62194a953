// What a format makes of one line: the shapes that formats share. Knows no format and no file.
import type { ConditionalRule } from '../policy/rule.ts'

/** The list formats that can be given for a file; a file of format `auto` is read line by line by whichever fits. */
export const FORMATS = [
  'hosts',
  'domains',
  'wildcard',
  'adblock',
  'dnsmasq',
  'unbound',
  'rpz',
  'regex',
  'ip',
  'json',
] as const
export type FormatName = (typeof FORMATS)[number]

/** Longest line, and longest string of a JSON list, bytes. Lists for browsers have rules of 12 KB (EasyList, 2019). */
export const LINE_MAX = 32 * 1024

/**
 * Weight of all patterns of a list, and what each weighs besides its text: 25,000 short ones. Reading so many takes 3 s at
 * most (measured: 6 µs a state); the largest published list of patterns has 2,000.
 */
export const PATTERNS_WEIGHT_MAX = 500_000
export const PATTERN_WEIGHT_MIN = 20

/** Where a format puts the rules that stand in a line. */
export interface RuleSink {
  /** The format writes the rule's name here, lower-cased and in wire form, from the start. 256 bytes. */
  readonly wire: Uint8Array
  /**
   * Takes one rule for the name in `wire`. `exception`: it allows, even if the list blocks. `subtree`: it is for the
   * names under that name too.
   */
  readonly rule: (exception: boolean, subtree: boolean) => void
  /** Takes one rule with a condition or an action of its own, as a blocklist has it. */
  readonly conditional: (rule: ConditionalRule) => void
  /** Whether the list may have one more pattern of this weight (see `weightOf`): reading patterns costs time. */
  readonly affords: (weight: number) => boolean
}

/** Reads one line: `bytes` from `from` up to `to`, without line end, blanks at the ends and comment lines. */
export type ReadLine = (bytes: Uint8Array, from: number, to: number, sink: RuleSink) => LineEnd

/** Rules that are in order but that no DNS server can apply, or that must not be applied. */
export const SKIPS = {
  own: 'names of the machine itself, such as localhost',
  record: 'records of a house: hosts lines with a real address, and types that we do not give',
  address: 'IP addresses where a name should be',
  'single-label': 'names of one label',
  cosmetic: 'adblock rules that hide parts of a page',
  url: 'adblock rules for parts of a URL',
  modifier: 'adblock rules with conditions that only a browser knows',
  ctag: 'adblock rules for tags of clients, which there are none of here',
  pattern: 'patterns that no name can match',
  forward: 'dnsmasq lines that send a name to a server',
  nameserver: 'RPZ rules about the servers of a zone, which a forwarder does not see',
  option: 'configuration of another server',
} as const
export type Skip = keyof typeof SKIPS

/** How a line ended. */
export type LineEnd =
  | { readonly kind: 'rules' }
  /** Nothing in it: blank, a comment, a header. */
  | { readonly kind: 'blank' }
  /** No line of this format; another may know it. */
  | { readonly kind: 'not-ours' }
  | { readonly kind: 'skipped'; readonly what: Skip }
  | { readonly kind: 'rejected'; readonly why: string }

export const RULES: LineEnd = Object.freeze({ kind: 'rules' })
export const BLANK: LineEnd = Object.freeze({ kind: 'blank' })
export const NOT_OURS: LineEnd = Object.freeze({ kind: 'not-ours' })
export const skipped = Object.fromEntries(
  Object.keys(SKIPS).map((what) => [what, Object.freeze({ kind: 'skipped', what })]),
) as Record<Skip, LineEnd>

const HASH = 0x23
const SLASH = 0x2f

/** Whether a byte separates words. Carriage returns count: some lists end their lines with two. */
export const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d

/** The first place from `from` on that is no blank, or `to`. */
export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  while (from < to && isBlank(bytes[from])) from++
  return from
}

/** The end of the word that starts at `from`. */
export function wordEnd(bytes: Uint8Array, from: number, to: number): number {
  while (from < to && ((bytes[from] as number) > 0x20 || !isBlank(bytes[from]))) from++
  return from
}

/** Whether a comment starts at `from`, where a line or, after blanks, a word could: `#`, `!`, `;` or `//`. */
export function isComment(bytes: Uint8Array, from: number, to: number): boolean {
  const byte = bytes[from]
  return (
    byte === HASH || byte === 0x21 || byte === 0x3b || (byte === SLASH && from + 1 < to && bytes[from + 1] === SLASH)
  )
}

/** Whether nothing but blanks and a comment is left from `from` on. */
export function isRestIdle(bytes: Uint8Array, from: number, to: number): boolean {
  const at = skipBlanks(bytes, from, to)
  return at === to || isComment(bytes, at, to)
}
