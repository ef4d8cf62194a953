// Rules that a person gave at run time, as values. Knows no file format.
import type { ListKind } from './decision.ts'

/** Rules for everybody, one group or one device, from one file, each with its line there. */
export interface OwnRules {
  readonly path: string
  readonly kind: ListKind
  readonly group: string | undefined
  /** A MAC or an address. */
  readonly device: string | undefined
  readonly rules: readonly { readonly text: string; readonly line: number }[]
}
