// Invented patterns of the kinds that lists have. Knows no list.
import type { Chance } from './chance.ts'
import { inventedNames } from './invented-names.ts'

export type PatternKind = 'text' | 'bare' | 'loose' | 'short' | 'shared'

/**
 * Returns a function that makes the pattern of a number: with a text of its own, as most published ones; with none, of
 * the classes that people write, in ten shapes; with none, of few letters; with one too short to look for; with one
 * that all of them share.
 */
export function inventedPatterns(random: Chance): Readonly<Record<PatternKind, (i: number) => string>> {
  const invent = inventedNames(random)
  const word = (): string => (invent().split('.')[0] as string).slice(0, 8)
  const from = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))
  const bare: readonly (() => string)[] = [
    () => `^[a-z]{${from(4, 14)}}\\d{${from(1, 4)},}\\.`,
    () => `(^|\\.)[a-z0-9]{${from(18, 28)}}\\.[a-z]{${from(2, 6)}}$`,
    () => `^[^.]{${from(3, 7)},${from(8, 12)}}\\d{${from(3, 7)},}\\.`,
    () => `[a-f0-9]{${from(12, 31)}}`,
    () => `^\\d{${from(1, 6)}}-\\d{${from(1, 6)}}[a-z]{${from(1, 5)}}\\.`,
    () => `^[a-z]{${from(1, 4)}}\\d{${from(1, 4)}}[a-z]{${from(1, 4)}}\\d{${from(1, 4)}}[a-z0-9]{${from(0, 5)},}\\.`,
    () => `(^|\\.)[0-9]{${from(3, 9)}}[a-z]{${from(1, 9)}}\\.`,
    () => `[.-][a-z]\\d{${from(2, 8)}}[a-z]{${from(1, 4)}}[.-]`,
    () => `^(.+\\.)?[a-z]{${from(1, 3)}}\\d{${from(2, 8)}}\\.[a-z]{${from(2, 8)}}\\.[a-z]{2,3}$`,
    () => `^[^.]+-[0-9]{${from(2, 8)}}-[^.]{${from(2, 8)}}\\.`,
  ]
  return {
    text: () => `(^|\\.)${word()}[0-9]*\\.`,
    bare: (i) => (bare[i % bare.length] as () => string)(),
    loose: (i) => `^[a-${'mnopqrstuvwxyz'[i % 14]}]{${2 + (i % 9)}}[0-9]{${1 + (i % 5)}}\\.`,
    short: (i) => `^(.+[_.-])?${word().slice(0, 2)}[${word().slice(0, 3)}]?[0-9]{${1 + (i % 3)}}[_.-]`,
    shared: () => `^[${word().slice(0, 4)}]{3,9}[0-9]*\\.com$`,
  }
}
