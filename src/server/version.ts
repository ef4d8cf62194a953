// The version, read from the package once.
import { readFileSync } from 'node:fs'

/** `0.1.0`, from package.json. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version
