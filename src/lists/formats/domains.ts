// Plain names, one a line: `ads.example # comment`. The rule is for that name only.
import { isRestIdle, NOT_OURS, type ReadLine, skipped, wordEnd } from '../line.ts'
import { isAddressWord, takeName } from '../name-bytes.ts'

export const domains: ReadLine = (bytes, from, to, sink) => {
  // Nearly always the whole line is the name, so it is not searched for blanks first.
  const taken = takeName(bytes, from, to, false, false, sink)
  if (taken === skipped.address && isAddressWord(bytes, from, to)) return NOT_OURS
  if (taken !== undefined) return taken
  const end = wordEnd(bytes, from, to)
  if (end === to || !isRestIdle(bytes, end, to)) return NOT_OURS
  if (isAddressWord(bytes, from, end)) return NOT_OURS
  return takeName(bytes, from, end, false, false, sink) ?? NOT_OURS
}
