// Our own records as text for people, as zone files write their data. Knows no message.
import type { OwnRecord } from '../base/reply.ts'
import { safeText } from '../base/text.ts'

/** The data of one record, escaped. */
export function recordText(record: OwnRecord): string {
  switch (record.kind) {
    case 'A':
    case 'AAAA':
      return record.address
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return record.target
    case 'TXT':
      return record.texts.map(quoted).join(' ')
    case 'MX':
      return `${record.preference} ${record.exchange}`
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${record.target}`
    case 'CAA':
      return `${record.flags} ${safeText(record.tag)} ${quoted(record.value)}`
    case 'HINFO':
      return `${quoted(record.cpu)} ${quoted(record.os)}`
    case 'SOA':
      return `kept for ${record.minimum} s`
    // RFC 3597 §5: unknown data as its length and hexadecimal digits.
    case 'RAW':
      return `\\# ${record.data.length} ${Buffer.from(record.data).toString('hex')}`
  }
}

const quoted = (text: string): string => safeText(JSON.stringify(text))
