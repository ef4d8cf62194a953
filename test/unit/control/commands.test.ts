import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { baseOf } from '../../../src/control/client.ts'
import {
  changeCommand,
  explainCommand,
  findingsCommand,
  flushCommand,
  listsCommand,
  pauseCommand,
  refreshCommand,
  statsCommand,
  type Terminal,
} from '../../../src/control/commands.ts'
import { type Control, startControl } from '../../../src/control/server.ts'
import { house, NOW } from './house.ts'

let control: Control
let base: string

beforeAll(async () => {
  control = await startControl({
    views: house().views,
    listen: [{ address: '127.0.0.1', port: 0 }],
    token: undefined,
    version: '0.1.0',
    onFault: () => {},
    listenProblem: async () => ({ code: 'ASKFIRST_E_LISTEN', message: '' }),
  })
  base = baseOf(control.addresses[0] as { address: string; port: number })
})
afterAll(() => control.close())

interface Screen extends Terminal {
  readonly shown: () => string
  readonly complained: () => string
}

function screen(isTTY = false, env: Record<string, string> = {}): Screen {
  let out = ''
  let err = ''
  return {
    out: {
      isTTY,
      columns: 80,
      write: (text) => {
        out += text
      },
    },
    err: {
      write: (text) => {
        err += text
      },
    },
    env,
    shown: () => out,
    complained: () => err,
  }
}

const at = () => ({ base, token: undefined })
const ESCAPE = '\u001b['

describe('the commands', () => {
  test('flush says how many answers are forgotten', async () => {
    const one = screen()
    expect(await flushCommand(at(), 'example.com', true, false, one)).toBe(0)
    expect(one.shown()).toBe('3 answers for example.com and all under it forgotten\n')
  })

  test('changes say what holds now and where it stands', async () => {
    const one = screen()
    const body = { kind: 'block', name: 'ads.example' }
    expect(await changeCommand(at(), '/api/v1/rules', body, false, one)).toBe(0)
    expect(one.shown()).toBe('ads.example block (/etc/askfirst/rules.yaml)\n')
    const two = screen()
    expect(await changeCommand(at(), '/api/v1/bonus', { group: 'kids', minutes: 5 }, false, two)).toBe(1)
    expect(two.complained()).toBe('group: there is no group kids [ASKFIRST_E_HTTP_REQUEST]\n')
    const three = screen()
    expect(await pauseCommand(at(), { seconds: 300 }, false, three)).toBe(0)
    expect(three.shown()).toMatch(/^not blocked until 2026-11-22 \d\d:35:00 \(\/etc\/askfirst\/rules\.yaml\)\n$/)
    expect(await pauseCommand(at(), { seconds: 0 }, false, three)).toBe(0)
    expect(three.shown()).toContain('blocked again\n')
  })

  test('lists come as a page and as JSON', async () => {
    const one = screen()
    expect(await listsCommand(at(), true, false, one, NOW)).toBe(0)
    expect(one.shown()).toContain('lists.example/ads.txt')
    const two = screen()
    expect(await listsCommand(at(), false, true, two, NOW)).toBe(0)
    expect(JSON.parse(two.shown()).lists).toHaveLength(2)
  })

  test('a refresh waits until it is done, and on a terminal shows how far it is', async () => {
    const states = ['queued', 'fetching', 'loading', 'waiting']
    const own = house()
    const lists = own.views.lists
    const running = await startControl({
      views: {
        ...own.views,
        lists: async (compare) => {
          const found = await lists(compare)
          const state = states.length > 1 ? states.shift() : states[0]
          const put = (one: (typeof found.lists)[number]) =>
            one.download === null
              ? one
              : { ...one, download: { ...one.download, state: state as 'queued', received: 2048 } }
          return { ...found, lists: found.lists.map(put) }
        },
      },
      listen: [{ address: '127.0.0.1', port: 0 }],
      token: undefined,
      version: '0.1.0',
      onFault: () => {},
      listenProblem: async () => ({ code: 'ASKFIRST_E_LISTEN', message: '' }),
    })
    const there = { base: baseOf(running.addresses[0] as never), token: undefined }
    const one = screen()
    const terminal = { ...one, err: { ...one.err, isTTY: true } }
    expect(await refreshCommand(there, undefined, terminal, async () => {})).toBe(0)
    for (const part of ['ads.txt: queued', 'ads.txt: 2 KiB', 'ads.txt: loading'])
      expect(one.complained()).toContain(part)
    expect(one.complained().endsWith('\r\u001b[K')).toBe(true)
    const quiet = screen()
    expect(await refreshCommand(there, undefined, quiet, async () => {})).toBe(0)
    expect(quiet.complained()).toBe('')
    await running.close()
    expect(await refreshCommand(there, undefined, quiet, async () => {})).toBe(1)
    expect(quiet.complained()).toContain('ASKFIRST_E_NOT_RUNNING')
  })

  test('show a page for people and exit with 0', async () => {
    const one = screen()
    expect(await statsCommand(at(), false, one)).toBe(0)
    expect(one.shown()).toContain('61 names blocked by 1 list')
    expect(
      one
        .shown()
        .split('\n')
        .every((line) => line.length <= 80),
    ).toBe(true)
    const two = screen()
    expect(await findingsCommand(at(), {}, false, two)).toBe(0)
    expect(two.shown()).toContain('to 198.51.100.7:443 tcp')
    const three = screen()
    expect(await explainCommand(at(), 'ads.example.com', {}, false, three)).toBe(0)
    expect(three.shown()).toContain('blocked by starter.hosts')
  })

  test('pass the JSON of the API through with --json', async () => {
    const one = screen(true)
    expect(await statsCommand(at(), true, one)).toBe(0)
    expect(JSON.parse(one.shown()).totals.queries).toBe(93)
    expect(one.shown().endsWith('}\n')).toBe(true)
    expect(one.shown()).not.toContain(ESCAPE)
  })

  test('use colours on a terminal only, and not where NO_COLOR is set', async () => {
    const colours = async (isTTY: boolean, env: Record<string, string>): Promise<boolean> => {
      const one = screen(isTTY, env)
      await statsCommand(at(), false, one)
      return one.shown().includes(ESCAPE)
    }
    expect(await colours(true, {})).toBe(true)
    expect(await colours(true, { NO_COLOR: '' })).toBe(true)
    expect(await colours(true, { NO_COLOR: '1' })).toBe(false)
    expect(await colours(false, {})).toBe(false)
  })

  test('complain on the error stream only and exit with 1', async () => {
    const one = screen()
    expect(await explainCommand(at(), 'not..a.name', {}, false, one)).toBe(1)
    expect(one.shown()).toBe('')
    expect(one.complained()).toBe('name: not a domain name [ASKFIRST_E_HTTP_REQUEST]\n')
  })
})
