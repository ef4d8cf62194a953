// Judges what a download brought: whether it may take the place of the copy before. Runs in a worker.
import { difference, digestOf } from '../digest.ts'
import type { FoundList } from '../sources.ts'

/** What is to be judged. */
export interface JudgeOrder {
  readonly candidate: FoundList
  /** The copy that is in force; undefined where there is none. */
  readonly before: FoundList | undefined
  /** A list that has lost more than this share (0 to 1) of its rules is not taken. */
  readonly shrink: number
}

/** The verdict. */
export type Judgement =
  | { readonly kind: 'taken'; readonly rules: number; readonly added: number; readonly removed: number }
  | { readonly kind: 'refused'; readonly why: string }

/** Reads both versions and compares them. */
export async function judge({ candidate, before, shrink }: JudgeOrder): Promise<Judgement> {
  const now = await digestOf(candidate)
  if ('code' in now) return { kind: 'refused', why: now.message }
  const { length: rules } = now.rules
  if (rules === 0) return { kind: 'refused', why: 'there is no rule in it' }
  if (now.reading.rejected > rules) return { kind: 'refused', why: 'most of its lines fit no format' }
  const old = before === undefined ? undefined : await digestOf(before)
  // A copy that cannot be read any more is no measure.
  const was = old === undefined || 'code' in old ? new Float64Array() : old.rules
  if (rules < was.length * (1 - shrink)) {
    return { kind: 'refused', why: `it shrank from ${was.length} rules to ${rules}, which is more than the bound` }
  }
  return { kind: 'taken', rules, ...difference(was, now.rules) }
}
