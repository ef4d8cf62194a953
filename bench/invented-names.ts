// Names in the shape of real ones, for where no real ones are, or not enough. Knows no list.
import { type Chance, weighted } from './chance.ts'

/** Shares of names with two, three … labels in a union of published lists: 1,011,879 names, 23 bytes on average. */
const LABELS = [0.431, 0.332, 0.093, 0.037, 0.045, 0.047, 0.015]
const ENDINGS = 'com net org info biz ru xyz top online de io club site co.uk com.br pl fr cn'.split(' ')
/** Most frequent first; the square below picks the first ones more often. */
const LETTERS = 'etaoinsrhldcumfpgwybvkxjqz0123456789'

/** Returns a function that makes a new name at each call; no two are equal. */
export function inventedNames(random: Chance): () => string {
  const labels = weighted(LABELS, random)
  const ending = weighted(
    ENDINGS.map((_, i) => 1 / (i + 1)),
    random,
  )
  const word = (length: number): string => {
    let letters = ''
    while (letters.length < length) letters += LETTERS[Math.floor(random() ** 2 * LETTERS.length)]
    return letters
  }
  let made = 0
  return () => {
    // The number makes it unique; letters round it make the length of a registered name, 13 bytes on average.
    const own = `${word(4 + Math.floor(random() * 8))}${(made++).toString(36)}`
    let above = ''
    for (let left = labels(); left > 0; left--) above += `${word(2 + Math.floor(random() * 6))}.`
    return `${above}${own}.${ENDINGS[ending()]}`
  }
}
