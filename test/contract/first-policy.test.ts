// V8 must not throw the answer path's machine code away when the policy changes for the first time: at 50,000 queries a
// second some waited for 10 to 20 ms until it was made anew.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const SCRIPT = new URL('../support/first-policy.ts', import.meta.url).pathname

/** Functions that every answer from the lane goes through, and those in which a policy decides. */
const KEPT = ['answer', 'quick', 'note', 'at', 'decide', 'walk', 'look', 'find', 'weigh', 'offer', 'read']

test('the first new policy costs no machine code of the fast lane, nor of deciding', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--trace-deopt', SCRIPT], {
    maxBuffer: 64 * 1024 ** 2,
  })
  const [before = '', after = ''] = stdout.split('the first new policy\n')
  expect(before).toContain('[bailout')
  expect(after).toContain('from the lane: 200')
  const thrownAway = [...after.matchAll(/(?:JSFunction|SharedFunctionInfo) ([#\w]+)/g)].map(
    ([, name]) => name as string,
  )
  expect(thrownAway.filter((name) => KEPT.includes(name))).toEqual([])
})
