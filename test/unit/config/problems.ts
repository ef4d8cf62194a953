// Short forms for the tests of the configuration: read a text, tell its problems as a person sees them.
import { expect } from 'vitest'
import { problemText } from '../../../src/base/failure.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import type { Config } from '../../../src/config/schema.ts'

/** The addresses that "this machine" has in these tests. */
const LOCAL = ['192.168.1.2', 'fd00::2']

/** The configuration of a text that must be in order. */
export function configOf(text: string): Config {
  const read = parseConfig(text, 'a.yaml', LOCAL)
  if ('problems' in read) expect.fail(read.problems.map(problemText).join('\n'))
  return read.config
}

/** The problems of a text, each as `line:column path: message [CODE]` with its hint. */
export function problemsOf(text: string): string[] {
  const read = parseConfig(text, 'a.yaml', LOCAL)
  return 'problems' in read ? read.problems.map((problem) => problemText(problem).replace(/^a\.yaml:/, '')) : []
}
