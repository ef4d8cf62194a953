// The value of `$dnsrewrite`: which answer a rule gives itself. Knows no rule around it.
import { parseAddress } from '../../base/address.ts'
import { RCODE } from '../../base/question.ts'
import type { RuleAction } from '../../policy/rule.ts'
import { canonicalName } from '../name-bytes.ts'
import { readRecord, recordOf } from '../record-text.ts'

/**
 * Reads `NXDOMAIN`, `192.0.2.1`, `other.example` or the long form `NOERROR;TYPE;data`. `unknown` for records that rules do
 * not give; `undefined` where it cannot be read.
 */
export function readRewrite(value: string): RuleAction | 'unknown' | undefined {
  const parts = value.split(';')
  if (parts.length === 1) return short(value)
  const [code = '', type = '', ...data] = parts
  const rcode = rcodeOf(code.toUpperCase())
  if (rcode === undefined || parts.length < 3) return undefined
  const text = data.join(';').trim()
  // Only an answer without a fault has records.
  if (type === '' || rcode !== RCODE.NOERROR) return { kind: 'rcode', rcode }
  if (type.toUpperCase() === 'CNAME') return alias(text)
  if (text === '*') return 'unknown'
  const record = readRecord(type, type.toUpperCase() === 'TXT' ? [text] : text.split(/\s+/))
  return typeof record === 'object' ? { kind: 'records', records: [record] } : record
}

function short(value: string): RuleAction | undefined {
  const rcode = rcodeOf(value)
  if (rcode !== undefined) return { kind: 'rcode', rcode }
  const record = parseAddress(value) === undefined ? undefined : recordOf(value)
  return record === undefined ? alias(value) : { kind: 'records', records: [record] }
}

function alias(text: string): RuleAction | undefined {
  const target = canonicalName(text)
  return target === undefined ? undefined : { kind: 'alias', target, prepend: false }
}

/** Codes that stand alone are written in capitals, so that a name may have the same letters. */
const rcodeOf = (text: string): number | undefined =>
  Object.hasOwn(RCODE, text) ? RCODE[text as keyof typeof RCODE] : undefined
