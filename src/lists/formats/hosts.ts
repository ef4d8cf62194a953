// Lines of a hosts file: a sink address, then names, `#` starts a comment. Each rule is for that name only; some lists
// write `*.ads.example`, which is for what lies under it, too.
import { addressBytes, scopeOf } from '../../base/address.ts'
import { isComment, type LineEnd, NOT_OURS, type ReadLine, RULES, skipBlanks, skipped, wordEnd } from '../line.ts'
import { nameFault, takeName, textOf } from '../name-bytes.ts'

const HASH = 0x23
const STAR = 0x2a
const DOT = 0x2e
const COLON = 0x3a

export const hosts: ReadLine = (bytes, from, to, sink) => {
  const end = wordEnd(bytes, from, to)
  const sinks = isSink(bytes, from, end)
  if (sinks === undefined) return NOT_OURS
  if (end === to) return skipped.address
  const stop = commentStart(bytes, end, to)
  let at = skipBlanks(bytes, end, stop)
  if (at === stop) return skipped.address
  // A real address makes the line a record of some house, not a rule: `192.168.1.5 nas.home`.
  if (!sinks) return skipped.record
  let result: LineEnd | undefined
  while (at < stop) {
    if (isComment(bytes, at, stop)) break
    const last = wordEnd(bytes, at, stop)
    const starred = bytes[at] === STAR && bytes[at + 1] === DOT
    const taken = takeName(bytes, starred ? at + 2 : at, last, false, starred, sink)
    // The first name that is none names the fault; otherwise one rule makes the line a line of rules.
    if (taken === undefined) result = faulty(result, bytes, at, last)
    else if (result === undefined || (taken === RULES && result.kind === 'skipped')) result = taken
    at = skipBlanks(bytes, last, stop)
  }
  return result ?? skipped.address
}

const faulty = (before: LineEnd | undefined, bytes: Uint8Array, from: number, to: number): LineEnd =>
  before?.kind === 'rejected' ? before : { kind: 'rejected', why: nameFault(bytes, from, to) }

function commentStart(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) if (bytes[at] === HASH) return at
  return to
}

/**
 * Whether a word is an address that leads nowhere: the unspecified address (0.0.0.0/8, ::), or loopback. `undefined`
 * where it is no address. The dotted form is read in place; a bare `0` is what some lists write for 0.0.0.0.
 */
function isSink(bytes: Uint8Array, from: number, to: number): boolean | undefined {
  let parts = 1
  let value = 0
  let head = -1
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (byte >= 0x30 && byte <= 0x39) {
      value = 10 * value + byte - 0x30
      if (value > 255) return undefined
    } else if (byte === DOT && at > from && bytes[at - 1] !== DOT) {
      if (head < 0) head = value
      value = 0
      parts++
    } else return isSinkV6(bytes, from, to)
  }
  if (parts === 1) return to - from === 1 && value === 0 ? true : undefined
  if (parts !== 4 || bytes[to - 1] === DOT) return undefined
  return head === 0 || head === 127
}

function isSinkV6(bytes: Uint8Array, from: number, to: number): boolean | undefined {
  if (to - from > 64 || !bytes.subarray(from, to).includes(COLON)) return undefined
  const address = addressBytes(textOf(bytes, from, to))
  if (address === undefined) return undefined
  const scope = scopeOf(address)
  return scope === 'unspecified' || scope === 'loopback'
}
