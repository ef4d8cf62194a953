// The data of SVCB and HTTPS records as lists write them, `1 . alpn=h3,h2 port=8443` (RFC 9460 §2.1). Knows no format.
import { wireFromName } from '../base/name.ts'
import type { RecordData } from '../policy/rule.ts'
import type { ReadTarget } from './record-text.ts'

/** Numbers of the parameters (RFC 9460 §14.3.2, RFC 9461 §5). */
const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath']
/** RFC 9460 §7.3: who gets no hints asks for the addresses; then it is known who was given which. */
const HINTS = new Set(['ipv4hint', 'ipv6hint'])
/** Bytes of all parameters: more than any published record has, and far less than a message. */
const DATA_MAX = 1024

/** Reads priority, target and parameters; `unknown` for parameters that have no name here; undefined where they do not fit. */
export function readService(
  kind: 'SVCB' | 'HTTPS',
  words: readonly string[],
  target: ReadTarget,
): RecordData | 'unknown' | undefined {
  const [priority = '', name = '', ...rest] = words
  const host = name === '.' ? '' : target(name)
  const wire = host === '' ? Uint8Array.of(0) : host === undefined ? undefined : wireFromName(host)
  if (!/^\d{1,5}$/.test(priority) || Number(priority) > 65_535 || wire === undefined) return undefined
  const found = new Map<number, Uint8Array>()
  const kept: string[] = []
  for (const word of joined(rest)) {
    const [, key = '', value = ''] = /^([a-z\d-]+)(?:=(.*))?$/s.exec(word) ?? []
    if (HINTS.has(key)) continue
    const number = KEYS.indexOf(key)
    if (number < 0) return key === '' ? undefined : 'unknown'
    const data = wireOf(key, value.replace(/^"(.*)"$/s, '$1'))
    if (data === undefined || found.has(number)) return undefined
    found.set(number, data)
    kept.push(word)
  }
  // RFC 9460 §2.2: parameters stand in the order of their keys.
  const parameters = [...found].sort(([a], [b]) => a - b)
  const data = Buffer.concat([
    pair(Number(priority)),
    wire,
    ...parameters.flatMap(([key, value]) => [pair(key), pair(value.length), value]),
  ])
  if (data.length > DATA_MAX) return undefined
  const text = [priority, host === '' ? '.' : `${host}.`, ...kept].join(' ')
  return { kind, text, data: data.toString('hex') }
}

/** Zone files may have quotes behind the equals sign, which then is a word of its own. */
function joined(words: readonly string[]): string[] {
  const all: string[] = []
  for (const word of words) {
    if (all.at(-1)?.endsWith('=') === true) all.push(`${all.pop()}${word}`)
    else all.push(word)
  }
  return all
}

function wireOf(key: string, value: string): Uint8Array | undefined {
  switch (key) {
    case 'alpn': {
      const names = value.split(',').map((one) => Buffer.from(one))
      if (names.some(({ length }) => length === 0 || length > 255)) return undefined
      return Buffer.concat(names.flatMap((name) => [Uint8Array.of(name.length), name]))
    }
    case 'mandatory': {
      const numbers = value.split(',').map((one) => KEYS.indexOf(one))
      if (numbers.some((number) => number < 1)) return undefined
      return Buffer.concat(numbers.sort((a, b) => a - b).map(pair))
    }
    case 'no-default-alpn':
      return value === '' ? new Uint8Array() : undefined
    case 'port':
      return /^\d{1,5}$/.test(value) && Number(value) < 65_536 ? pair(Number(value)) : undefined
    case 'ech':
      return /^[A-Za-z\d+/]+=*$/.test(value) ? Buffer.from(value, 'base64') : undefined
    default:
      return value === '' ? undefined : Buffer.from(value)
  }
}

const pair = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff)
