import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/base/failure.ts'
import { OwnRulesKeeper } from '../../../src/server/own-rules.ts'
import { TestClock } from '../../support/in-memory.ts'
import { folderOf } from '../lists/folder.ts'

const ALL = { group: undefined, device: undefined }
const MAC = '02:00:5e:10:00:01'
const open: OwnRulesKeeper[] = []
afterEach(() => {
  for (const keeper of open.splice(0)) keeper.close()
})

function keeperOf(path: string, refusal?: Problem) {
  const changes: boolean[] = []
  const problems: Problem[] = []
  const clock = new TestClock()
  const keeper = new OwnRulesKeeper(path, clock, {
    changed: async (rules) => {
      changes.push(rules)
      return refusal
    },
    problems: (some) => problems.push(...some),
  })
  open.push(keeper)
  return { keeper, changes, problems, clock }
}

describe('what people give at run time', () => {
  test('is written into a file that is made when there is something to write, and told', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    const { keeper, changes } = keeperOf(path)
    expect(readdirSync(place.folder)).toEqual([])
    expect(await keeper.add('block', 'ads.example', ALL)).toBeUndefined()
    expect(await keeper.name(MAC, 'television')).toBeUndefined()
    expect(changes).toEqual([true, false])
    expect(keeper.rules).toMatchObject([{ kind: 'block', rules: [{ text: 'ads.example' }] }])
    expect(keeper.names).toEqual(new Map([[MAC, 'television']]))
    // Nothing is left behind, and another start reads the same.
    expect(readdirSync(place.folder)).toEqual(['rules.yaml'])
    const again = keeperOf(path).keeper
    expect([again.rules, again.names]).toEqual([keeper.rules, keeper.names])
  })

  test('at the same time is written one after the other, and none is lost', async () => {
    using place = folderOf()
    const { keeper } = keeperOf(place.path('rules.yaml'))
    const names = Array.from({ length: 20 }, (_, i) => `n${i}.example`)
    await Promise.all(names.map((name) => keeper.add('block', name, ALL)))
    expect(keeper.rules[0]?.rules.map(({ text }) => text)).toEqual(names)
    expect(keeper.counts).toEqual({ written: 20, failed: 0 })
  })

  test('goes into the text that stands there at that moment, and keeps rights and links of the file', async () => {
    using place = folderOf()
    mkdirSync(place.path('repository'))
    const real = place.path('repository/mine.yaml')
    writeFileSync(real, '# mine\n')
    chmodSync(real, 0o640)
    symlinkSync(real, place.path('rules.yaml'))
    const { keeper, changes } = keeperOf(place.path('rules.yaml'))
    writeFileSync(real, '# mine\nallow:\n  - b.example # by hand\n')
    expect(await keeper.add('block', 'a.example', ALL)).toBeUndefined()
    expect(readFileSync(real, 'utf8')).toBe('# mine\nallow:\n  - b.example # by hand\nblock:\n  - a.example\n')
    expect(changes).toEqual([true, true])
    expect(keeper.rules.map(({ kind }) => kind)).toEqual(['allow', 'block'])
    expect(lstatSync(place.path('rules.yaml')).isSymbolicLink()).toBe(true)
    expect(statSync(real).mode & 0o777).toBe(0o640)
    expect(readdirSync(place.path('repository'))).toEqual(['mine.yaml'])
  })

  test('loses nothing that somebody saves at that very moment', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    writeFileSync(path, 'block:\n  - a.example\n')
    const { keeper } = keeperOf(path)
    const done = keeper.add('block', 'c.example', ALL)
    // The keeper has read the file by now, and waits for the system to write beside it.
    await new Promise((resolve) => setImmediate(resolve))
    writeFileSync(path, 'block:\n  - a.example\n  - b.example # just saved\n')
    expect(await done).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toBe('block:\n  - a.example\n  - b.example # just saved\n  - c.example\n')
    expect(readdirSync(place.folder)).toEqual(['rules.yaml'])
  })

  test('does not overwrite what somebody is at work on, and says where the mistake is', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    const { keeper } = keeperOf(path)
    await keeper.add('block', 'a.example', ALL)
    const halfDone = 'block:\n  - a.example\n  - "b.exam\n'
    writeFileSync(path, halfDone)
    expect(await keeper.add('block', 'c.example', ALL)).toMatchObject({
      code: 'ASKFIRST_E_RULES_WRITE',
      place: { file: path, line: expect.any(Number) },
    })
    expect(readFileSync(path, 'utf8')).toBe(halfDone)
    expect(keeper.rules[0]?.rules.map(({ text }) => text)).toEqual(['a.example'])
    expect(keeper.counts).toEqual({ written: 1, failed: 1 })
  })

  test('is refused with code and place where the file is read-only; nothing of it holds or is left behind', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    writeFileSync(path, 'block:\n  - a.example\n')
    chmodSync(path, 0o444)
    const { keeper, changes } = keeperOf(path)
    const problem = await keeper.add('block', 'b.example', ALL)
    expect(problem).toMatchObject({ code: 'ASKFIRST_E_RULES_WRITE', place: { file: path, path: 'rules' } })
    expect(problem?.message).toContain('EACCES')
    expect(changes).toEqual([])
    expect(keeper.rules[0]?.rules).toHaveLength(1)
    expect(readdirSync(place.folder)).toEqual(['rules.yaml'])
  })

  test('that is refused still lets an edit by hand hold that nobody was told of yet', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    const { keeper, changes } = keeperOf(path)
    writeFileSync(path, 'block:\n  - hand.example\n')
    chmodSync(path, 0o444)
    expect(await keeper.name(MAC, 'tv')).toMatchObject({ code: 'ASKFIRST_E_RULES_WRITE' })
    expect(keeper.rules[0]?.rules).toMatchObject([{ text: 'hand.example' }])
    expect(changes).toEqual([true])
  })

  test('is refused where the file would be too large to be read again', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    const text = `# ${'x'.repeat(1024 ** 2 - 30)}\n`
    writeFileSync(path, text)
    const { keeper } = keeperOf(path)
    const problem = await keeper.add('block', `${'long.'.repeat(10)}example`, ALL)
    expect(problem).toMatchObject({ code: 'ASKFIRST_E_RULES_WRITE', message: /larger than 1 MiB/ })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('is refused where the folder is not there', async () => {
    using place = folderOf()
    const { keeper } = keeperOf(place.path('nowhere/rules.yaml'))
    expect(await keeper.name(MAC, 'tv')).toMatchObject({ code: 'ASKFIRST_E_RULES_WRITE' })
  })

  test('is told as a problem where it is written but does not hold', async () => {
    using place = folderOf()
    const refusal: Problem = { code: 'ASKFIRST_E_LIST_READ', message: 'a list is broken' }
    const { keeper } = keeperOf(place.path('rules.yaml'), refusal)
    expect(await keeper.add('block', 'a.example', ALL)).toEqual(refusal)
    expect(readFileSync(place.path('rules.yaml'), 'utf8')).toContain('a.example')
    // Said again it still does not hold.
    expect(await keeper.add('block', 'a.example', ALL)).toEqual(refusal)
  })

  test('a pause is written, ends by its time or by hand, and holds without a file too', async () => {
    using place = folderOf()
    const path = place.path('rules.yaml')
    const { keeper, clock, changes } = keeperOf(path)
    const until = clock.now() + 60_000
    expect(await keeper.pause({ ...ALL, group: 'kids', until, by: 'me' })).toBeUndefined()
    expect(keeper.pauses).toEqual([{ group: 'kids', device: undefined, until, by: 'me' }])
    expect(changes).toEqual([false])
    expect(await keeper.resume({ ...ALL, group: 'kids' })).toBeUndefined()
    expect(keeper.pauses).toEqual([])
    expect(await keeper.resume(ALL)).toBeUndefined()
    chmodSync(path, 0o444)
    const bonus = { group: 'kids', from: clock.now(), to: until }
    expect(await keeper.pause({ ...ALL, until, by: undefined })).toMatchObject({ code: 'ASKFIRST_E_RULES_WRITE' })
    expect(await keeper.bonus(bonus)).toMatchObject({ code: 'ASKFIRST_E_RULES_WRITE' })
    expect([keeper.pauses, keeper.bonuses]).toEqual([[{ ...ALL, until, by: undefined }], [bonus]])
    expect(await keeper.resume(ALL)).toBeUndefined()
    expect(keeper.pauses).toEqual([])
  })
})
