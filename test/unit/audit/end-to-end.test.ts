// Real captures, real firewall lines: every flow must get the verdict that the capture proves.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { lineOf } from '../../../src/audit.ts'
import { audit } from '../../../src/audit-logs.ts'
import { PRIVATE_RANGES } from '../../../src/base/address.ts'
import { DAY } from '../../../src/base/clock.ts'
import { utc } from '../../../src/intake/zone.ts'

const DATA = new URL('../../../../shared/data/', import.meta.url).pathname
const CAPTURES = `${DATA}end-to-end/`
const ZEEK = `${DATA}firewall/zeek/proxy_rolling/`

interface Truth {
  readonly ts: number
  readonly client: string
  readonly dst: string
  readonly proto: string
  readonly dport: number
  readonly direct: boolean
  readonly seconds_since_answer: number | null
}

const truthOf = (path: string): Truth[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Truth)

async function linesOf(dns: string, firewall: string) {
  const lines: Record<string, unknown>[] = []
  const options = { zone: utc, inside: PRIVATE_RANGES, window: DAY, learning: 0, slack: 0, resolvers: [] }
  const audited = await audit({ dns: [dns], firewall: [firewall] }, options, {
    judged: (judgement) => lines.push(lineOf(judgement)),
    progress: () => {},
  })
  expect(audited).not.toHaveProperty('problems')
  return lines
}

/** What the truth demands of a verdict: a flow that nobody asked for must be called so, any other explained. */
const fits = (direct: boolean, verdict: unknown): boolean =>
  direct ? verdict === 'direct-ip' || verdict === 'dns-bypass' : verdict === 'asked'

describe.skipIf(!existsSync(CAPTURES))('end to end', () => {
  const captures = existsSync(CAPTURES) ? readdirSync(CAPTURES) : []

  test.each(captures)('every flow of the %s capture gets the verdict that the capture proves', async (name) => {
    const folder = `${CAPTURES}${name}/`
    const truth = truthOf(`${folder}truth.jsonl`)
    const lines = await linesOf(`${folder}dns.jsonl`, `${folder}fw.ulogd2-logemu.log`)
    expect(lines).toHaveLength(truth.length)
    lines.forEach(({ time, src, dst, proto, dport, verdict }, index) => {
      const { ts, client, dst: to, proto: over, dport: port, direct } = truth[index]!
      expect([src, dst, proto, dport]).toEqual([client, to, over, port])
      expect(Date.parse(time as string)).toBe(Math.floor(ts) * 1000)
      expect({ index, direct, verdict }).toSatisfy(() => fits(direct, verdict))
    })
  })

  test('there are nine captures with more than five hundred flows, direct and asked', () => {
    const all = captures.flatMap((name) => truthOf(`${CAPTURES}${name}/truth.jsonl`))
    expect(captures).toHaveLength(9)
    expect(all.filter(({ direct }) => direct).length).toBeGreaterThan(250)
    expect(all.filter(({ direct }) => !direct).length).toBeGreaterThan(200)
  })
})

describe.skipIf(!existsSync(ZEEK))('a real network seen by Zeek', () => {
  test('every connection gets the verdict that the logs prove', async () => {
    const lines = await linesOf(`${ZEEK}dns.log.gz`, `${ZEEK}conn.log.gz`)
    const byFlow = new Map(lines.map((line) => [flowOf(line['time'], line['src'], line['dst'], line['dport']), line]))
    const truth = truthOf(`${ZEEK}truth-direct-ip.jsonl`)
    expect(truth).toHaveLength(792)
    const borrowed = truth.filter(({ ts, client, dst, dport, direct }) => {
      const time = new Date(Math.round(ts * 1e6) / 1e3).toISOString()
      const { verdict } = byFlow.get(flowOf(time, client, dst, dport))!
      // The truth looks at one client alone. Where it says direct although another client was given the address,
      // borrowed is the more exact word: here the machine asked over its IPv6 address, and no log has its MAC.
      if (direct && verdict === 'borrowed') return true
      expect({ dst, ts, direct, verdict }).toSatisfy(() => fits(direct, verdict))
      return false
    })
    expect(borrowed).toHaveLength(80)
  })
})

const flowOf = (...parts: readonly unknown[]): string => parts.join(' ')
