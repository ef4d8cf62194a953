// Every timeline of every file beside this one is a test: what devices asked, what they connected to, what is said of it.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { play, type Timeline } from './timeline.ts'

const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({
    name,
    timelines: parse(readFileSync(`${import.meta.dirname}/${name}`, 'utf8')) as Timeline[],
  }))

describe.each(files)('$name', ({ timelines }) => {
  test.each(timelines)('$title', (timeline) => {
    const outcomes = play(timeline)
    expect(outcomes.length).toBeGreaterThan(0)
    for (const { step, expected, actual } of outcomes) expect({ step, ...actual }).toEqual({ step, ...expected })
  })
})

test('the scenarios are at least thirty timelines, and no title comes twice', () => {
  const titles = files.flatMap(({ timelines }) => timelines.map(({ title }) => title))
  expect(titles.length).toBeGreaterThanOrEqual(30)
  expect(new Set(titles).size).toBe(titles.length)
})

test('a step that says something unknown fails instead of being passed over', () => {
  const steps = [{ ask: 'www.example.org', by: 'phone', givven: '203.0.113.7' }] as never
  expect(() => play({ title: 'typo', devices: { phone: '192.168.1.10' }, steps })).toThrow(/givven/)
})
