// The configuration file to a frozen `Config`, or every problem in it at once. Knows files; applies nothing.
import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { Address } from '../base/address.ts'
import { parseAddress } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import { parseConfig } from './parse.ts'
import { resolvePaths } from './paths.ts'
import type { Config } from './schema.ts'

/** A whole, checked configuration, or why there is none. */
export type ReadConfig = { readonly config: Config } | { readonly problems: readonly Problem[] }

/** Largest configuration file, bytes. The default file has 7 KiB. Measured: the worst YAML of this size takes 7 s to refuse. */
export const FILE_MAX = 1024 ** 2

/**
 * Reads a configuration file. The result is deeply frozen and its paths are absolute; an empty file is the default.
 * Problems: `ASKFIRST_E_CONFIG_READ` (no such file, not a file, too large, not UTF-8), `ASKFIRST_E_CONFIG_SYNTAX`,
 * `ASKFIRST_E_CONFIG_KEY`, `ASKFIRST_E_CONFIG_VALUE`, in the order of the file.
 */
export function readConfig(path: string): ReadConfig {
  const file = readBounded(path)
  if ('problem' in file) return { problems: [file.problem] }
  const parsed = parseConfig(file.text, safeText(path), localAddresses())
  return 'problems' in parsed ? parsed : { config: freeze(resolvePaths(parsed.config, dirname(resolve(path)))) }
}

function readBounded(path: string): { readonly text: string } | { readonly problem: Problem } {
  const refuse = (message: string, hint?: string, line?: number): { readonly problem: Problem } => {
    const place = { file: safeText(path), ...(line !== undefined && { line }) }
    return { problem: { code: 'ASKFIRST_E_CONFIG_READ', message, place, ...(hint !== undefined && { hint }) } }
  }
  let bytes: Buffer
  try {
    // Asked before opening: opening a pipe would wait for a writer.
    if (!statSync(path).isFile()) return refuse('is not a regular file')
    bytes = readAtMost(path, FILE_MAX + 1)
  } catch (error) {
    return refuse(...systemWords(error))
  }
  if (bytes.length > FILE_MAX) {
    return refuse('is larger than 1 MiB', 'Put long lists into files in the lists folder.')
  }
  if (!isUtf8(bytes)) return refuse('is not UTF-8 text', 'Save it as UTF-8.', firstLineNotUtf8(bytes))
  return { text: new TextDecoder().decode(bytes) }
}

/** The first `max` bytes of a file, or all of it where it is shorter. Throws what the system says. */
export function readAtMost(path: string, max: number): Buffer {
  const bytes = Buffer.alloc(max)
  const file = openSync(path, 'r')
  try {
    let length = 0
    for (let got = -1; got !== 0 && length < max; length += got) got = readSync(file, bytes, length, max - length, null)
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

function systemWords(error: unknown): [message: string, hint?: string] {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
  if (code === 'ENOENT' || code === 'ENOTDIR') return ['there is no such file', 'Name another one with --config.']
  if (code === 'EACCES' || code === 'EPERM') return ['this user may not read it', 'Give the user read access to it.']
  return [`cannot be read: ${code}`]
}

/** The number of the first line that is not UTF-8. A line feed is never part of a longer character. */
function firstLineNotUtf8(bytes: Buffer): number {
  for (let line = 1, from = 0; ; line++) {
    const end = bytes.indexOf(0x0a, from)
    if (end < 0 || !isUtf8(bytes.subarray(from, end))) return line
    from = end + 1
  }
}

function localAddresses(): Address[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.flatMap(({ address }) => parseAddress(address) ?? [])
}

/** Freezes a value with everything in it; the bytes of prefixes cannot be frozen and are left. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const inner of Object.values(value)) freeze(inner)
  return Object.freeze(value)
}
