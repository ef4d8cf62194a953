// Which record data has names in it that a sender may compress (RFC 3597 §4): their place and number. Knows no message.
import { TYPE } from '../base/question.ts'

/** Where names stand in the data of a record. */
export interface NamesIn {
  /** Bytes in front of the first name. */
  readonly skip: number
  readonly count: 1 | 2
  /** Bytes behind the last name; they fill the data. */
  readonly rest: number
}

const one = { skip: 0, count: 1, rest: 0 } as const
const afterNumber = { skip: 2, count: 1, rest: 0 } as const
const two = { skip: 0, count: 2, rest: 0 } as const

/** MINFO 14, RP 17, AFSDB 18, RT 21 and KX 36 are here only for the sake of their names. */
const LAYOUTS = new Map<number, NamesIn>([
  [TYPE.NS, one],
  [TYPE.CNAME, one],
  [TYPE.PTR, one],
  [TYPE.DNAME, one],
  [TYPE.SOA, { skip: 0, count: 2, rest: 20 }],
  [TYPE.MX, afterNumber],
  [TYPE.SRV, { skip: 6, count: 1, rest: 0 }],
  [14, two],
  [17, two],
  [18, afterNumber],
  [21, afterNumber],
  [36, afterNumber],
])

/** The names in the data of a record of this type; undefined where there is none, or none that may be compressed. */
export const namesIn = (type: number): NamesIn | undefined => LAYOUTS.get(type)
