// Chains, run as an automaton: a state is what is found so far, bit for bit. Where a character leads from a state is
// reckoned when it is first seen there, and kept. Memory and time are bounded whatever chains and names are.
import { type OwnedChain, opening, pack, run, sayOwners, step } from './chain-words.ts'

/**
 * Calls `visit` with the numbers of patterns that may be found in a name of so many symbols, some more than once. May
 * learn so many ways from state to state, and returns about how many it has, in work.
 */
export type Automaton = (symbols: Uint8Array, length: number, may: number, visit: (number: number) => void) => number

/** States: before any character, and nothing found. */
const START = 0
const NOTHING = 1
/** States that there is room for at first, and at most; both are powers of two. */
const FEWEST = 16
const MOST = 4096
/** Places a state, a power of two: most are free. */
const PLACES = 4
/** Names that found no way and no room, after which all is learned anew: they may be of another kind now. */
const PATIENCE = 4096
/** One of so many of them may still teach where there is no room: ways between states that are known. */
const SELDOM = 8

/** Builds one in about so many words of memory. */
export function automaton(chains: readonly OwnedChain[], memory: number): Automaton {
  const words = pack(chains)
  const { count, classes, classOf, last, lastAtEnd } = words
  const most = Math.min(MOST, Math.max(FEWEST, 2 ** Math.floor(Math.log2(memory / (count + classes + PLACES)))))
  const onlyAtStart = words.anywhere.every((bits) => bits === 0)
  let states = 0
  let room = 0
  /** What is found in each state; one row more: the next state is made there before it is looked for. */
  let bits = new Int32Array()
  /** Where each class leads from each state. 0: not known; below 0: a chain ends there. */
  let ways = new Int32Array()
  /** The states by what is found. */
  let places = new Int32Array()
  let strays = 0

  const grow = (to: number): void => {
    const [oldBits, oldWays] = [bits, ways]
    room = to
    bits = new Int32Array((room + 1) * count)
    bits.set(oldBits)
    // Of a state there is one way more: 1 where a chain ends if the name does.
    ways = new Int32Array(room * (classes + 1))
    ways.set(oldWays)
    places = new Int32Array(PLACES * room)
    for (let state = NOTHING; state < states; state++) places[placeOf(state)] = state
  }
  const forget = (): void => {
    bits = new Int32Array()
    ways = new Int32Array()
    states = 2
    grow(FEWEST)
    strays = 0
  }
  /** Where a state is kept among places, or would be. */
  const placeOf = (state: number): number => {
    const at = state * count
    let hash = 0
    for (let i = at; i < at + count; i++) {
      hash = Math.imul(hash ^ (bits[i] as number), 0x9e3779b1)
      hash ^= hash >>> 15
    }
    const mask = places.length - 1
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const other = (places[place] as number) * count
      if (other === 0) return place
      let i = 0
      while (i < count && bits[other + i] === bits[at + i]) i++
      if (i === count) return place
    }
  }
  /** Finds where a class leads; 0 where that is a new state, and there is no room for it. */
  const learn = (state: number, kind: number): number => {
    if (state === START) opening(words, bits, kind, states * count)
    else step(words, bits, state * count, kind, states * count)
    let place = placeOf(states)
    let next = places[place] as number
    if (next === 0) {
      if (states === room) {
        if (room === most) return 0
        grow(2 * room)
        place = placeOf(states)
      }
      next = states++
      places[place] = next
      ways[next * (classes + 1) + classes] = Number(has(next, lastAtEnd))
    }
    const way = has(next, last) ? -next : next
    ways[state * (classes + 1) + kind] = way
    return way
  }
  const has = (state: number, ends: Int32Array): boolean => {
    for (let i = 0; i < count; i++) if (((bits[state * count + i] as number) & (ends[i] as number)) !== 0) return true
    return false
  }
  const say = (state: number, ends: Int32Array, visit: (number: number) => void): void => {
    for (let i = 0; i < count; i++) {
      sayOwners(words, i, (bits[state * count + i] as number) & (ends[i] as number), visit)
    }
  }

  forget()
  return (symbols, length, may, visit) => {
    if (strays >= PATIENCE) forget()
    let state = START
    let learned = 0
    for (let i = 0; i < length; i++) {
      const kind = classOf[symbols[i] as number] as number
      let next = ways[state * (classes + 1) + kind] as number
      if (next === 0) {
        if (learned < may && (states < most || strays % SELDOM === 0)) {
          const before = room
          next = learn(state, kind)
          // To grow, all that is there is learned again.
          learned += room > before ? before : 1
        }
        if (next === 0) {
          if (states === most) strays++
          for (let word = 0; word < count; word++) {
            const found = state === START ? 0 : (bits[state * count + word] as number)
            sayOwners(words, word, run(words, word, found, symbols, i, length), visit)
          }
          return learned
        }
      }
      if (next < 0) {
        next = -next
        say(next, last, visit)
      }
      state = next
      if (state === NOTHING && onlyAtStart) return learned
    }
    if (ways[state * (classes + 1) + classes] === 1) say(state, lastAtEnd, visit)
    return learned
  }
}
