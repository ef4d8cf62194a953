// A message's answers as text for people. The door of dns2, which decodes them after our own scan has bounded the bytes.
import { safeText } from '../base/text.ts'

/** The data of each record in the answer section, escaped; of the common types as zone files write them. */
export async function answerTexts(message: Uint8Array): Promise<readonly string[]> {
  // Loaded here: it brings its clients and servers along, all of Node's networking, 30 ms that no start should wait for.
  const dns2 = await import('dns2').catch(() => undefined)
  if (dns2 === undefined) return [UNREADABLE]
  const { answers } = dns2.Packet.parse(Buffer.from(message))
  return answers.map((record) => safeText(dataText(record as unknown as Readonly<Record<string, unknown>>)))
}

/** What was a file then may be gone or closed to the user that the server has become: no reason to end. */
const UNREADABLE = 'not shown: the files of askfirst cannot be read any more'

function dataText(record: Readonly<Record<string, unknown>>): string {
  for (const field of ['address', 'domain', 'ns', 'target']) {
    if (typeof record[field] === 'string') return record[field]
  }
  if (typeof record['exchange'] === 'string') return `${record['priority']} ${record['exchange']}`
  const { data } = record
  if (Array.isArray(data)) return data.map((text) => JSON.stringify(String(text))).join(' ')
  // RFC 3597 §5: unknown data as its length and hexadecimal digits.
  return data instanceof Uint8Array ? `\\# ${data.length} ${Buffer.from(data).toString('hex')}` : String(data ?? '')
}
