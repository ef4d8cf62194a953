// A pattern, coarsened to chains: characters that must come one after the other, with others that may stand between them.
// Whatever the pattern is found in, one of its chains is found in too. Knows one engine, by its reading of classes.
import { patternClass } from './pattern.ts'

/** What characters of names are told apart: letters, digits, `-`, `_`, `.`, and all others as one. */
const KNOWN = 'abcdefghijklmnopqrstuvwxyz0123456789-_.'
const OTHER = KNOWN.length
export const SYMBOLS = KNOWN.length + 1

const SYMBOL_OF = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = KNOWN.indexOf(String.fromCharCode(code))
  return at < 0 ? OTHER : at
})

/** The symbol of a character code, in lower case. */
export const symbolOf = (code: number): number => (code < 128 ? (SYMBOL_OF[code] as number) : OTHER)

/** A set of symbols: 1 for each that is in it. */
type Symbols = Uint8Array

/** One character that must come; `skip`: those that may stand behind it before the next one comes. */
export interface Link {
  readonly fit: Symbols
  readonly skip: Symbols | undefined
}

/** A chain of at most `LINKS_MAX` links; none: it is found in every name. */
export interface Chain {
  readonly links: readonly Link[]
  /** What may stand in front of the first link. */
  readonly lead: Symbols | undefined
  /** It begins where the name begins; it ends where the name ends. */
  readonly atStart: boolean
  readonly atEnd: boolean
  /** There is more of it than links can be: where the name ends says nothing. */
  readonly cut: boolean
}

const LINKS_MAX = 32
/** Most chains of a pattern; groups with more branches are passed over. */
const CHAINS_MAX = 64

const ANY: Symbols = new Uint8Array(SYMBOLS).fill(1)
const EMPTY: Chain = { links: [], lead: undefined, atStart: false, atEnd: false, cut: false }
const ALWAYS: readonly Chain[] = [EMPTY]

/** The chains of a pattern that has been read before (`readPattern`). */
export function chainsOf(pattern: string): readonly Chain[] {
  // Quoted text, and classes within classes that only look like an end: not worth an understanding.
  if (/\\[QE]/.test(pattern)) return ALWAYS
  const tokens = pattern.match(TOKENS) ?? []
  const reader = { tokens, at: 0 }
  const chains = branches(reader).map((chain) => (chain.lead === undefined ? chain : { ...chain, atStart: false }))
  return reader.at < tokens.length ? ALWAYS : chains
}

/** Whether the pattern may be found in most names, for all that its chains tell: there is none of few characters in one. */
export const isWide = (chains: readonly Chain[]): boolean =>
  chains.some(({ links }) => !links.some(({ fit }) => isTelling(fit)))

/** Most characters that a telling link fits: digits are, half of the letters are not. A dot is in every name. */
const TELLING = 11

function isTelling(fit: Symbols): boolean {
  let count = 0
  for (let symbol = 0; symbol < OTHER; symbol++) count += fit[symbol] as number
  return count <= TELLING && !(count === 1 && fit[KNOWN.indexOf('.')] === 1)
}

const TOKENS =
  /\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[pP](?:\{\^?\w+\}|\w)|\\[0-7]{1,3}|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:[^\]]*:\]|[^\]\\])*\]|\(\?(?:P?<\w+>|[a-zA-Z-]*[:)])|\{\d+(?:,\d*)?\}|[\s\S]/gu

interface Reader {
  readonly tokens: readonly string[]
  at: number
}

/** Branches up to a closing bracket or the end. */
function branches(reader: Reader): readonly Chain[] {
  const all: Chain[] = []
  let here: readonly Chain[] = [EMPTY]
  for (; reader.at < reader.tokens.length; ) {
    const token = reader.tokens[reader.at] as string
    if (token === ')') break
    reader.at++
    if (token === '|') {
      all.push(...here)
      here = [EMPTY]
    } else here = one(token, reader, here)
  }
  all.push(...here)
  return all
}

/** Puts what a token stands for behind the chains so far. */
function one(token: string, reader: Reader, here: readonly Chain[]): readonly Chain[] {
  if (token === '^' || token === '\\A') return here.map((chain) => (chain.links.length > 0 ? chain : atStart(chain)))
  if (token === '$' || token === '\\z') return here.map((chain) => ({ ...chain, atEnd: !chain.cut }))
  // Flags change letter case and line ends, neither of which tells here; edges of words take no character.
  if (/^\(\?[a-zA-Z-]*\)$/.test(token) || token === '\\b' || token === '\\B') return here
  if (token.startsWith('(')) {
    const group = branches(reader)
    reader.at++
    const { least, most } = count(reader)
    if (least === 0 || here.length * group.length > CHAINS_MAX) return here.map((chain) => skipping(chain, ANY))
    const both = here.flatMap((chain) => group.map((next) => joined(chain, next)))
    return most === 1 ? both : both.map((chain) => skipping(chain, ANY))
  }
  const fit = symbolsOf(token)
  const { least, most } = count(reader)
  const links = Array.from({ length: Math.min(least, LINKS_MAX + 1) }, (): Link => ({ fit, skip: undefined }))
  return here.map((chain) => {
    const longer = joined(chain, { ...EMPTY, links })
    return most > least ? skipping(longer, fit) : longer
  })
}

/** Nothing stands in front of the start. */
const atStart = (chain: Chain): Chain => ({ ...chain, lead: undefined, atStart: true })

/** How often what stood before comes. A question mark behind a number says how eagerly, which plays no part. */
function count(reader: Reader): { readonly least: number; readonly most: number } {
  const token = reader.tokens[reader.at] ?? ''
  const numbers = /^\{(\d+)(,?)(\d*)\}$/.exec(token)
  const bounds: readonly [number, number] | undefined =
    numbers !== null
      ? [Number(numbers[1]), numbers[2] === '' ? Number(numbers[1]) : Number(numbers[3] || Number.POSITIVE_INFINITY)]
      : { '*': [0, Infinity] as const, '+': [1, Infinity] as const, '?': [0, 1] as const }[token]
  if (bounds === undefined) return { least: 1, most: 1 }
  reader.at++
  if (reader.tokens[reader.at] === '?') reader.at++
  return { least: bounds[0], most: bounds[1] }
}

function joined(before: Chain, next: Chain): Chain {
  // What comes behind so many links says nothing any more.
  if (before.cut) return before
  const first = before.links.length === 0
  const chain = next.lead === undefined || first ? before : skipping(before, next.lead)
  const links = [...chain.links, ...next.links]
  const cut = chain.cut || next.cut || links.length > LINKS_MAX
  return {
    links: links.slice(0, LINKS_MAX),
    lead: first ? (next.atStart ? next.lead : either(chain.lead, next.lead)) : chain.lead,
    cut,
    atStart: chain.atStart || (next.atStart && first),
    atEnd: !cut && (next.links.length === 0 ? chain.atEnd || next.atEnd : next.atEnd),
  }
}

/** Lets symbols stand behind the last link, or in front of the first. */
function skipping(chain: Chain, symbols: Symbols): Chain {
  if (chain.cut) return chain
  const last = chain.links.at(-1)
  if (last === undefined) return { ...chain, lead: either(chain.lead, symbols) }
  return { ...chain, links: [...chain.links.slice(0, -1), { ...last, skip: either(last.skip, symbols) }] }
}

const either = (a: Symbols | undefined, b: Symbols | undefined): Symbols | undefined =>
  a === undefined || b === undefined ? (a ?? b) : a.map((one, i) => one | (b[i] as number))

const known = new Map<string, Symbols>()

/** The symbols that a character or class stands for, as the engine reads it; what is no known symbol is always in. */
function symbolsOf(token: string): Symbols {
  const before = known.get(token)
  if (before !== undefined) return before
  const fits = token === '.' ? undefined : (plainClass(token) ?? patternClass(token))
  const symbols = ANY.map((_, i) => (fits === undefined || i === OTHER || fits(KNOWN[i] as string) ? 1 : 0))
  if (known.size < CLASSES_KEPT) known.set(token, symbols)
  return symbols
}

/** Most classes are of letters and digits: read here, they take a hundredth of the time. */
function plainClass(token: string): ((character: string) => boolean) | undefined {
  if (/^[a-z0-9_-]$/i.test(token)) return (character) => character === token.toLowerCase()
  const [, not, body] = /^\[(\^?)((?:[a-z]-[a-z]|[0-9]-[0-9]|[a-z0-9_.])+-?)\]$/.exec(token) ?? []
  if (body === undefined) return undefined
  const parts = body.match(/[a-z0-9]-[a-z0-9]|./g) ?? []
  const has = (character: string): boolean =>
    parts.some((part) =>
      part.length === 3 ? character >= (part[0] as string) && character <= (part[2] as string) : character === part,
    )
  return (character) => has(character) !== (not === '^')
}

/** Different classes that are kept, over all policies. */
const CLASSES_KEPT = 1000
