// Plays one timeline of a scenario file against a ledger, in virtual time. What a timeline may say stands in README.md.
import { parseEndpoint, parsePrefix } from '../../src/base/address.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/base/clock.ts'
import { Ledger, type LedgerOptions } from '../../src/ledger/ledger.ts'
import type { Report } from '../../src/ledger/report.ts'
import type { Finding, Judgement } from '../../src/ledger/verdict.ts'

export interface Timeline {
  readonly title: string
  readonly setup?: Setup
  /** Names of devices, each with its address, or its addresses and MAC. */
  readonly devices: Readonly<Record<string, string | { readonly mac?: string; readonly addresses: readonly string[] }>>
  readonly steps: readonly Step[]
}

interface Setup {
  readonly born?: string
  readonly window?: string
  readonly learning?: string
  readonly deviceLearning?: string
  readonly holdBack?: string
  readonly slack?: string
  readonly inside?: readonly string[]
  readonly self?: readonly string[]
  readonly sinkhole?: readonly string[]
  readonly exempt?: readonly Readonly<Record<string, unknown>>[]
  readonly limits?: LedgerOptions['limits']
}

export type Step =
  | { readonly wait: string }
  | {
      readonly ask: string
      readonly by: string
      readonly given?: string | readonly string[]
      readonly ttl?: string
      /** Which of the device's addresses asks. */
      readonly from?: string
      readonly late?: string
    }
  | ({ readonly connect: string; readonly by: string } & Connection & Expected)
  | { readonly bind: string; readonly to: string; readonly says?: 'neighbours' | 'lease' | 'duid' }
  | { readonly restart: true }
  | { readonly lost: true }
  | { readonly findings: readonly Partial<Finding>[] }

interface Connection {
  readonly from?: string
  readonly delivered?: string
  /** How far the firewall's clock is ahead (+) or behind (-). */
  readonly clock?: string
  readonly stamps?: 'seconds'
  readonly mac?: string
  readonly in?: string
  readonly out?: string
  readonly midStream?: true
  readonly action?: Report['action']
}

interface Expected {
  readonly expect: string
  readonly class?: string
  readonly names?: readonly string[]
  readonly lender?: string
  readonly why?: string
  readonly rule?: string
}

/** When every timeline begins. */
export const START = Date.UTC(2026, 10, 22, 12)

const KEYS: Readonly<Record<string, readonly string[]>> = {
  wait: [],
  ask: ['by', 'given', 'ttl', 'from', 'late'],
  connect: [
    ...['by', 'from', 'delivered', 'clock', 'stamps', 'mac', 'in', 'out', 'midStream', 'action'],
    ...['expect', 'class', 'names', 'lender', 'why', 'rule'],
  ],
  bind: ['to', 'says'],
  restart: [],
  lost: [],
  findings: [],
}

/** One expectation and what came of it. */
export interface Outcome {
  readonly step: number
  readonly expected: Readonly<Record<string, unknown>>
  readonly actual: Readonly<Record<string, unknown>>
}

/** Plays a timeline to its end; returns every expectation beside what came of it. */
export function play(timeline: Timeline): Outcome[] {
  return new Player(timeline).play()
}

class Player {
  readonly #timeline: Timeline
  readonly #waiting: { readonly step: number; readonly expected: Expected }[] = []
  readonly #late: { readonly at: number; readonly take: () => void }[] = []
  readonly #outcomes: Outcome[] = []
  #ledger: Ledger
  #now = START

  constructor(timeline: Timeline) {
    this.#timeline = timeline
    this.#ledger = new Ledger(optionsOf(timeline.setup ?? {}))
  }

  play(): Outcome[] {
    for (const [index, step] of this.#timeline.steps.entries()) this.#step(step, index + 1)
    this.#pass(HOUR)
    if (this.#waiting.length > 0) throw new Error(`${this.#waiting.length} reports were never judged`)
    return this.#outcomes
  }

  #step(step: Step, number: number): void {
    checkKeys(step, number)
    if ('wait' in step) this.#pass(lengthOf(step.wait))
    else if ('ask' in step) this.#ask(step)
    else if ('connect' in step) this.#connect(step, number)
    else if ('bind' in step) this.#ledger.bind(step.bind, step.to, this.#now, step.says ?? 'neighbours')
    else if ('lost' in step) this.#ledger.lost(this.#now)
    else if ('restart' in step) this.#restart()
    else this.#findings(step.findings, number)
  }

  #ask(step: Extract<Step, { ask: string }>): void {
    const given = step.given === undefined ? [] : [step.given].flat()
    const answer = {
      time: this.#now,
      client: this.#addressOf(step.by, step.from),
      name: step.ask,
      handOuts: given.map((address) => ({ address, ttl: lengthOf(step.ttl ?? '60s') / SECOND })),
    }
    const at = this.#now + lengthOf(step.late ?? '0s')
    if (at === this.#now) this.#ledger.take(answer)
    else this.#late.push({ at, take: () => this.#ledger.take(answer) })
  }

  #connect(step: Extract<Step, { connect: string }>, number: number): void {
    const clock = step.clock?.startsWith('-')
      ? -lengthOf(step.clock.slice(1))
      : lengthOf(step.clock?.replace('+', '') ?? '0s')
    const byFirewall = this.#now + clock
    const coarse = step.stamps === 'seconds'
    const report: Report = {
      ...targetOf(step.connect),
      time: coarse ? Math.floor(byFirewall / SECOND) * SECOND : byFirewall,
      precision: coarse ? SECOND : 0,
      src: this.#addressOf(step.by, step.from),
      sport: 40_000,
      mac: step.mac,
      inside: step.in ?? 'lan0',
      outside: step.out ?? 'wan0',
      rule: 'loc2net',
      action: step.action ?? 'accepted',
      begins: step.midStream !== true,
      source: 'syslog/udp',
    }
    const arrival = this.#now + lengthOf(step.delivered ?? '20ms')
    this.#waiting.push({ step: number, expected: step })
    // Arrivals are noted in the order of the steps; the ledger is told the true time of each.
    this.#ledger.submit(report, arrival)
  }

  #restart(): void {
    const records = JSON.parse(JSON.stringify([...this.#ledger.records()])) as ReturnType<Ledger['records']>
    this.#ledger = new Ledger({ ...optionsOf(this.#timeline.setup ?? {}), born: this.#now })
    for (const record of records) this.#ledger.restore(record)
  }

  #findings(expected: readonly Partial<Finding>[], step: number): void {
    const actual = this.#ledger
      .findings()
      .map((finding, index) => pick(finding, Object.keys(expected[index] ?? { id: 0 })))
    this.#outcomes.push({ step, expected: { findings: expected }, actual: { findings: actual } })
  }

  #pass(time: number): void {
    const until = this.#now + time
    for (const { at, take } of this.#late.filter((one) => one.at <= until)) {
      this.#judge(at)
      take()
    }
    this.#late.splice(0, this.#late.length, ...this.#late.filter((one) => one.at > until))
    this.#now = until
    this.#judge(until)
  }

  #judge(now: number): void {
    for (const judgement of this.#ledger.judgeDue(now)) {
      const { step, expected } = this.#waiting.shift()!
      const keys = Object.keys(expected).filter((key) => EXPECTATIONS.has(key))
      this.#outcomes.push({ step, expected: pick(expected, keys), actual: pick(this.#said(judgement), keys) })
    }
  }

  #said({ verdict, reason }: Judgement): Record<string, unknown> {
    return {
      expect: verdict.kind,
      class: 'class' in verdict ? verdict.class : undefined,
      names: 'names' in verdict ? verdict.names.map(({ name }) => name) : undefined,
      lender: verdict.kind === 'borrowed' ? verdict.from : undefined,
      why: verdict.kind === 'unproven' ? verdict.reason : reason,
      rule: verdict.kind === 'exempt' ? verdict.rule : undefined,
    }
  }

  #addressOf(name: string, from: string | undefined): string {
    const device = this.#timeline.devices[name]
    if (device === undefined) throw new Error(`no device is called ${name}`)
    const addresses = typeof device === 'string' ? [device] : device.addresses
    if (from !== undefined && !addresses.includes(from)) throw new Error(`${name} has no address ${from}`)
    return from ?? addresses[0]!
  }
}

const EXPECTATIONS: ReadonlySet<string> = new Set(['expect', 'class', 'names', 'lender', 'why', 'rule'])

function pick(from: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, (from as Record<string, unknown>)[key]]))
}

/** A timeline learns nothing first unless it says so: most are about what comes after. */
function optionsOf(setup: Setup): Partial<LedgerOptions> & { born: number } {
  const { born, window, learning, deviceLearning, holdBack, slack, inside, exempt, ...same } = setup
  const prefixes = (texts: readonly unknown[]) => texts.map((text) => parsePrefix(String(text))!)
  return {
    ...same,
    born: START - lengthOf(born ?? '0s'),
    learning: lengthOf(learning ?? '0s'),
    deviceLearning: lengthOf(deviceLearning ?? '0s'),
    slack: lengthOf(slack ?? '0s'),
    ...(window === undefined ? {} : { window: lengthOf(window) }),
    ...(holdBack === undefined ? {} : { holdBack: lengthOf(holdBack) }),
    ...(inside === undefined ? {} : { inside: prefixes(inside) }),
    exempt: (exempt ?? []).map((one) => ({
      ...one,
      because: String(one['because']),
      ...('to' in one ? { to: prefixes([one['to']].flat()) } : {}),
      ...('from' in one ? { from: prefixes([one['from']].flat()) } : {}),
    })),
  }
}

/** `203.0.113.7:443/tcp`, `[2001:db8::7]:443/tcp`, `203.0.113.7/icmp`. */
function targetOf(text: string): Pick<Report, 'dst' | 'dport' | 'proto'> {
  const [where = '', proto = 'tcp'] = text.split('/')
  const endpoint = parseEndpoint(where, 0)
  if (endpoint === undefined) throw new Error(`not a target: ${text}`)
  return { dst: endpoint.address, dport: endpoint.port === 0 ? undefined : endpoint.port, proto }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }

function lengthOf(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text)
  if (match === null) throw new Error(`not a length of time: ${text}`)
  return Number(match[1]) * UNITS[match[2]!]!
}

function checkKeys(step: Step, number: number): void {
  const kind = Object.keys(KEYS).find((key) => key in step)
  const allowed = kind === undefined ? undefined : [kind, ...KEYS[kind]!]
  const unknown = Object.keys(step).filter((key) => allowed?.includes(key) !== true)
  if (unknown.length > 0) throw new Error(`step ${number} says what no step can say: ${unknown.join(', ')}`)
}
