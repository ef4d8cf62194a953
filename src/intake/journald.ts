// One entry of `journalctl -o json`. Knows nothing of what its message says.
import type { Stamp } from './stamp.ts'

/** What an entry says of itself, and its message. */
export interface JournalEntry {
  readonly message: string
  readonly stamp: Stamp | undefined
  readonly host: string | undefined
  readonly tag: string | undefined
  readonly pid: string | undefined
}

/**
 * Reads an entry from the JSON object that a line holds; `undefined` where it is none. Fields:
 * systemd.journal-fields(7); what JSON makes of them: systemd's "Journal Export Formats".
 */
export function readJournalEntry(line: string): JournalEntry | undefined {
  if (!line.includes('"MESSAGE"')) return undefined
  const entry = parseObject(line)
  const message = messageText(entry?.['MESSAGE'])
  if (entry === undefined || message === undefined) return undefined
  const field = (name: string): string | undefined => {
    const value = entry[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    message,
    stamp: stampOf(field('__REALTIME_TIMESTAMP')),
    host: field('_HOSTNAME'),
    tag: field('SYSLOG_IDENTIFIER'),
    pid: field('_PID') ?? field('SYSLOG_PID'),
  }
}

/** Microseconds since 1970, as text. */
function stampOf(micros: string | undefined): Stamp | undefined {
  const time = Math.floor(Number(micros) / 1000)
  return Number.isSafeInteger(time) && time > 0 ? { time, precision: 1, end: 0 } : undefined
}

/** journald writes a message that is not clean text as an array of its bytes. */
function messageText(message: unknown): string | undefined {
  if (typeof message === 'string') return message
  if (!Array.isArray(message) || !message.every((byte) => Number.isInteger(byte))) return undefined
  return Buffer.from(message as number[]).toString('utf8')
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
