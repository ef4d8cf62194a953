// What is told from a chain to run it cheaply: whether it should be read from its end, and which others are like it.
// Knows no engine.
import { type Chain, type Link, SYMBOLS } from './pattern-chains.ts'

/** A chain as it should be run. */
export interface Shaped {
  readonly chain: Chain
  /** It is turned round: names must be, too. */
  readonly turned: boolean
  /** Equal for equal chains that are run alike. */
  readonly key: string
  /** How much of it is found at a time, in powers of two: what is far apart here should not be run together. */
  readonly level: number
}

/** The shape of a chain of at least one link. */
export function shapeOf(chain: Chain): Shaped {
  const back = turned(chain)
  const better = back !== undefined && liveliness(back) < liveliness(chain)
  const best = better ? back : chain
  const links = best.links.map(({ fit, skip }) => traits(fit).key + (skip === undefined ? '' : `-${traits(skip).key}`))
  return {
    chain: best,
    turned: better,
    key: `${Number(better)}${Number(best.atStart)}${Number(best.atEnd)} ${links.join(' ')}`,
    level: Math.max(LOWEST_LEVEL, Math.ceil(Math.log2(liveliness(best)))),
  }
}

/** The chain that is found in turned names; undefined where it would tell less than this one. */
function turned({ links, lead, atStart, atEnd, cut }: Chain): Chain | undefined {
  const last = links.at(-1) as Link
  // `x+` at the end is one more x in front; anything else that may stand behind the last link cannot be told there.
  if (atEnd && last.skip !== undefined && traits(last.skip).key !== traits(last.fit).key) return undefined
  const round = links.map(({ fit }, i): Link => {
    const skip = links[i - 1]?.skip
    return { fit, skip: atEnd && i === links.length - 1 ? ((last.skip && union(last.skip, skip)) ?? skip) : skip }
  })
  return { links: round.reverse(), lead: undefined, atStart: atEnd, atEnd: atStart && lead === undefined, cut }
}

const union = (a: Uint8Array, b: Uint8Array | undefined): Uint8Array => a.map((one, i) => one | (b?.[i] ?? 0))

/** About how many of its links are found at a time, in a text of chance: the fewer, the fewer states there are. */
function liveliness({ links, atStart }: Chain): number {
  let sum = 0
  let here = atStart ? 1 / USUAL_LENGTH : 1
  for (const { fit, skip } of links) {
    here *= traits(fit).share
    if (skip !== undefined) here = Math.min(1, here / (1 - traits(skip).share))
    sum += here
  }
  return sum
}

const USUAL_LENGTH = 20
const LOWEST_LEVEL = -3

interface Traits {
  readonly key: string
  /** How much of all symbols is in it; below 1. */
  readonly share: number
}

const known = new WeakMap<Uint8Array, Traits>()

function traits(symbols: Uint8Array): Traits {
  const before = known.get(symbols)
  if (before !== undefined) return before
  const size = symbols.reduce((sum, one) => sum + one, 0)
  const made = {
    key: Number.parseInt(symbols.join(''), 2).toString(36),
    share: size / (SYMBOLS + 1),
  }
  known.set(symbols, made)
  return made
}
