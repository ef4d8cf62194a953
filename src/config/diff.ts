// What changed between two configurations, and what of it waits for a restart. Knows no file.
import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'

/** Keys whose change takes effect at the next start: sockets that are open, and the folder that is in use. */
export const NEEDS_RESTART: readonly (readonly string[])[] = [
  ['listen'],
  ['threads'],
  ['tls', 'listen'],
  ['https', 'listen'],
  ['https', 'plain'],
  ['certificate', 'file'],
  ['certificate', 'key'],
  ['reports', 'syslog'],
  ['http', 'listen'],
  ['rules'],
  ['state'],
  ['user'],
]

/** The difference of two configurations, as keys: `lists`, `http.listen`. Both empty where they say the same. */
export interface ConfigDiff {
  /** Top-level sections that differ, in the order of the schema. */
  readonly changed: readonly (keyof Config)[]
  /** Keys of `NEEDS_RESTART` that differ. */
  readonly restart: readonly string[]
}

/** Compares two configurations as they are used: another spelling of the same value is no change. */
export function diffConfig(old: Config, next: Config): ConfigDiff {
  const keys = Object.keys(next) as (keyof Config)[]
  return {
    changed: keys.filter((key) => !isDeepStrictEqual(old[key], next[key])),
    restart: NEEDS_RESTART.filter((path) => !isDeepStrictEqual(at(old, path), at(next, path))).map((path) =>
      path.join('.'),
    ),
  }
}

function at(config: Config, path: readonly string[]): unknown {
  let value: unknown = config
  for (const step of path) value = (value as Record<string, unknown>)[step]
  return value
}
