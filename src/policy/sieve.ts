// A sieve for many patterns at once: which of them may be found in a name. It lets through what is not meant, and never
// keeps back what is. Knows no engine.
import type { Pieces } from '../base/turns.ts'
import { type Automaton, automaton } from './automaton.ts'
import { shapeOf } from './chain-shape.ts'
import type { OwnedChain } from './chain-words.ts'
import { type Chain, symbolOf } from './pattern-chains.ts'

/** Calls `visit` with the number of each pattern that may be found in a name, once each. */
export type Sieve = (name: string, visit: (number: number) => void) => void

/** Longest name in characters: an escaped byte has four. */
const TEXT_MAX = 1024
/** Links of one automaton, which is one piece of work. */
const LINKS_AT_ONCE = 1000
/** Memory of all automata together, in words of 4 bytes; most patterns need a tenth of it. */
const ROOM = 4_000_000
/** What one name may teach all automata together: 64 ways take some 10 µs. */
const LESSONS = 64

/** Chains that are run alike. */
interface Kin {
  readonly turned: boolean
  readonly chains: Map<string, OwnedChain & { readonly owners: number[] }>
}

/** Builds a sieve for the chains of patterns, which are numbered from 0 on, in pieces. */
export function* sieve(patterns: readonly (readonly Chain[])[]): Pieces<Sieve> {
  const always: number[] = []
  const kins = new Map<string, Kin>()
  let links = 0
  for (const [number, chains] of patterns.entries()) {
    links += linksOf(chains)
    if (links > LINKS_AT_ONCE) {
      yield
      links = 0
    }
    if (chains.some(({ links }) => links.length === 0)) always.push(number)
    else for (const chain of chains) take(kins, chain, number)
  }
  const groups = [...kins.values()].flatMap(({ turned, chains }) =>
    portions([...chains.values()]).map((portion) => ({ turned, portion })),
  )
  const automata: { turned: boolean; run: Automaton }[] = []
  for (const { turned, portion } of groups) {
    yield
    automata.push({ turned, run: automaton(portion, ROOM / groups.length) })
  }
  const symbols = new Uint8Array(TEXT_MAX)
  const back = new Uint8Array(TEXT_MAX)
  /** When each pattern was let through last: the chains of one may end in many places. */
  const seen = new Int32Array(patterns.length)
  let now = 0
  return (name, visit) => {
    if (now === 2 ** 31 - 1) {
      seen.fill(0)
      now = 0
    }
    now++
    const once = (number: number): void => {
      if (seen[number] === now) return
      seen[number] = now
      visit(number)
    }
    for (const number of always) visit(number)
    const length = Math.min(name.length, TEXT_MAX)
    for (let i = 0; i < length; i++) {
      const symbol = symbolOf(name.charCodeAt(i))
      symbols[i] = symbol
      back[length - 1 - i] = symbol
    }
    let lessons = LESSONS
    // Each begins at times, so that none takes all the lessons.
    for (let i = 0; i < automata.length; i++) {
      const { turned, run } = automata[(now + i) % automata.length] as (typeof automata)[number]
      lessons -= run(turned ? back : symbols, length, Math.max(0, lessons), once)
    }
  }
}

export const linksOf = (chains: readonly Chain[]): number => chains.reduce((sum, { links }) => sum + links.length, 1)

/** Puts a chain to its kin: those that are given up early must not be held up, nor those of few states made to have many. */
function take(kins: Map<string, Kin>, chain: Chain, number: number): void {
  const shaped = shapeOf(chain)
  const name = [shaped.turned, shaped.chain.atStart, shaped.level].join()
  const kin = kins.get(name) ?? { turned: shaped.turned, chains: new Map() }
  kins.set(name, kin)
  const known = kin.chains.get(shaped.key)
  if (known === undefined) kin.chains.set(shaped.key, { chain: shaped.chain, owners: [number] })
  else if (known.owners.at(-1) !== number) known.owners.push(number)
}

function portions(chains: readonly OwnedChain[]): OwnedChain[][] {
  const all: OwnedChain[][] = []
  let links = LINKS_AT_ONCE
  for (const one of chains) {
    links += one.chain.links.length
    if (links > LINKS_AT_ONCE) {
      all.push([])
      links = one.chain.links.length
    }
    all.at(-1)?.push(one)
  }
  return all
}
