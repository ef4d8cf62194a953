import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { SERVICES } from '../../../src/config/services.ts'
import { blocksOf } from '../../conventions/markdown.ts'

const read = (text: string) => parseConfig(text, 'a.yaml', [])
const problems = (text: string): string[] => {
  const result = read(text)
  return 'problems' in result ? result.problems.map(({ place, message }) => `${place?.path}: ${message}`) : []
}

describe('groups', () => {
  test('take members of every kind', () => {
    const result = read(
      'groups: [{ name: a, members: ["02:00:5E:10:00:01", 192.168.1.7, "fd00::/8", "Tablet-*", "id:Kid", "door:tls"] }]',
    )
    if ('problems' in result) expect.fail(JSON.stringify(result.problems))
    expect(result.config.groups[0]?.members.map(({ kind }) => kind)).toEqual([
      'mac',
      'range',
      'range',
      'name',
      'id',
      'door',
    ])
    expect(result.config.groups[0]?.members[3]).toEqual({ kind: 'name', pattern: 'tablet-*' })
  })

  test('take the address that is asked at, with a port or for every port', () => {
    const result = read(
      'groups: [{ name: a, members: ["at:192.168.20.1", "at:192.168.20.1:5353", "at:[FD00::1]:53", "at:fd00::1"] }]',
    )
    if ('problems' in result) expect.fail(JSON.stringify(result.problems))
    expect(result.config.groups[0]?.members).toEqual(
      ['192.168.20.1:', '192.168.20.1:5353', '[fd00::1]:53', '[fd00::1]:'].map((at) => ({ kind: 'listener', at })),
    )
  })

  test('have upstreams that options may name', () => {
    const groups = 'groups: [{ name: a, upstreams: ["tls://9.9.9.9"] }]'
    expect(problems(`${groups}\nupstreams: { options: [{ server: "tls://9.9.9.9", trustAd: true }] }`)).toEqual([])
    expect(problems(`upstreams: { options: [{ server: "tls://9.9.9.9" }] }`)[0]).toContain('stands in no list')
  })

  test.each([
    ['groups: [{ name: a, members: ["at:home"] }]', 'groups[0].members[0]: must be a MAC'],
    [
      'listen: ["127.0.0.1:53"]\ngroups: [{ name: a, upstreams: [127.0.0.1] }]',
      'groups[0].upstreams[0]: 127.0.0.1:53 is askfirst itself',
    ],
    ['groups: [{ name: a, upstreams: [nowhere] }]', 'groups[0].upstreams[0]: must be the address or URL'],
    ['groups: [{ name: a, members: ["door:window"] }]', 'groups[0].members[0]: must be a MAC'],
    ['groups: [{ name: a, members: ["192.168.1.0/99"] }]', 'groups[0].members[0]: must be a MAC'],
    ['groups: [{ name: a }, { name: a }]', 'groups[1].name: a stands twice'],
    ['groups: [{ name: a, schedule: night }]', 'groups[0].schedule: there is no schedule night'],
    ['groups: [{ name: a, safeSearch: [youtube, youtube-moderate] }]', 'groups[0].safeSearch: youtube'],
    ['groups: [{ name: a, blocking: { answer: addresses } }]', 'groups[0].blocking.answer: "addresses" needs'],
    ['blocking: { lists: [{ lists: [x], answer: addresses }] }', 'blocking.lists[0].answer: "addresses" needs'],
    ['schedules: [{ name: n, when: [{ from: "25:00", to: "06:00" }] }]', 'schedules[0].when[0].from: must be a time'],
  ])('%s is refused', (text, message) => {
    expect(problems(text)[0]).toContain(message)
  })

  test('have an example in docs/groups.md that works', () => {
    const page = readFileSync(new URL('../../../docs/groups.md', import.meta.url), 'utf8')
    const [example] = blocksOf(page).filter(({ language }) => language === 'yaml')
    expect(problems(example?.text ?? 'none')).toEqual([])
  })
})

test('every service has its shipped list, with its source and date, and every list its service', () => {
  const folder = new URL('../../../blocklists/services/', import.meta.url)
  expect(readdirSync(folder).sort()).toEqual(SERVICES.map((service) => `${service}.txt`))
  for (const service of SERVICES) {
    const text = readFileSync(new URL(`${service}.txt`, folder), 'utf8')
    expect(text, service).toMatch(/^# Names .*Source: \S/m)
    expect(text, service).toMatch(/^# As of \d{4}-\d\d-\d\d/m)
  }
})
