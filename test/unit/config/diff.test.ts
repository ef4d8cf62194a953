import { expect, test } from 'vitest'
import { diffConfig } from '../../../src/config/diff.ts'
import { configOf } from './problems.ts'

const diff = (from: string, to: string) => diffConfig(configOf(from), configOf(to))

test('two spellings of one configuration are no difference', () => {
  expect(
    diff('', 'cache: {size: 16384KiB}\nlisten: [0.0.0.0, "::"]\nallowFrom: ~'.replace('\nallowFrom: ~', '')),
  ).toEqual({
    changed: [],
    restart: [],
  })
  expect(diff('exempt: [{to: [10.1.2.3/8], because: x}]', 'exempt: [{because: x, to: [10.0.0.0/8]}]').changed).toEqual(
    [],
  )
})

test('a change names its top-level section', () => {
  expect(diff('', 'cache: {size: 1MiB}\nlists: {block: [x.example]}\nallowFrom: [10.0.0.0/9]')).toEqual({
    changed: ['allowFrom', 'lists', 'cache'],
    restart: [],
  })
})

test('the order of servers is a difference', () => {
  expect(diff('upstreams: {servers: [9.9.9.9, 1.1.1.1]}', 'upstreams: {servers: [1.1.1.1, 9.9.9.9]}').changed).toEqual([
    'upstreams',
  ])
})

test('open sockets and the state folder wait for a restart', () => {
  const next = `listen: [127.0.0.1]
reports: {syslog: {udp: []}}
http: {listen: []}
state: elsewhere`
  expect(diff('', next).restart).toEqual(['listen', 'reports.syslog', 'http.listen', 'state'])
})

test('the number of threads waits for one too, however it is written', () => {
  expect(diff('', 'threads: 2').restart).toEqual(['threads'])
  expect(diff('threads: auto', 'threads: 2').restart).toEqual(['threads'])
  expect(diff('', 'threads: 1').changed).toEqual([])
})

test('the rest of those sections does not', () => {
  expect(diff('', 'reports: {timeZone: UTC}\nhttp: {token: 0123456789abcdef}')).toEqual({
    changed: ['reports', 'http'],
    restart: [],
  })
})
