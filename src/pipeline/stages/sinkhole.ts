// Answers for blocked names. Knows the policy, not where it came from.
import { type Address, addressBytes } from '../../base/address.ts'
import type { Live } from '../../base/live.ts'
import { type Name, nameFromWire } from '../../base/name.ts'
import { EDE, type Query, RCODE, TYPE } from '../../base/question.ts'
import type { OwnRecord, Reply } from '../../base/reply.ts'
import type { Decision, Policy } from '../../policy/decision.ts'
import type { Stage } from '../stage.ts'

/** What a blocked name gets. `addresses` counts for the mode of that name only. */
export interface SinkholeAnswer {
  readonly mode: 'loopback' | 'zero' | 'nxdomain' | 'nodata' | 'refused' | 'addresses'
  readonly addresses: readonly Address[]
  /** Seconds. */
  readonly ttl: number
}

/** Whether blocking is on; off while somebody has paused it. */
export interface Pause {
  readonly active: boolean
}

/** Answers blocked names itself; allowed and unlisted ones go on. */
export function sinkhole(policy: Live<Policy>, answer: SinkholeAnswer, pause: Pause): Stage {
  const make = sinkholeReply(answer)
  return function sinkhole(query, next) {
    if (pause.active) return next(query)
    const decision = policy.current.decide(query.wire, 0)
    return decision.kind === 'block' ? make(query, decision, policy.current) : next(query)
  }
}

type Block = Extract<Decision, { kind: 'block' }>

/** Makes the reply for a name that `decision` blocks; `wire` is the name that the rule matched, if not the one asked. */
export function sinkholeReply(
  answer: SinkholeAnswer,
): (query: Query, decision: Block, policy: Policy, wire?: Uint8Array) => Reply {
  const { ipv4, ipv6 } = addressesOf(answer)
  return (query, decision, policy, wire = query.wire) => {
    const list = policy.lists[decision.list]?.name ?? 'a list'
    const common = {
      outcome: { kind: 'blocked', list: decision.list, line: decision.line },
      error: { code: EDE.BLOCKED, text: `blocked by ${list}: ${ruleText(wire, decision)}` },
      reusable: answer.ttl,
    } as const
    const own = (answers: readonly OwnRecord[], authority: readonly OwnRecord[]) =>
      ({ kind: 'own', answers, authority, authoritative: false }) as const
    if (answer.mode === 'refused') return { ...common, rcode: RCODE.REFUSED, body: own([], []) }
    const { name } = query
    const { ttl } = answer
    // The SOA tells caches how long "no" holds (RFC 2308 §5): without it they would ask again at once.
    const soa = { kind: 'SOA', name, ttl, minimum: ttl } as const
    if (answer.mode === 'nxdomain') return { ...common, rcode: RCODE.NXDOMAIN, body: own([], [soa]) }
    const answers: OwnRecord[] = []
    if (query.type === TYPE.A) for (const address of ipv4) answers.push({ kind: 'A', name, ttl, address })
    if (query.type === TYPE.AAAA) for (const address of ipv6) answers.push({ kind: 'AAAA', name, ttl, address })
    return { ...common, rcode: RCODE.NOERROR, body: own(answers, answers.length > 0 ? [] : [soa]) }
  }
}

function addressesOf(answer: SinkholeAnswer): { ipv4: readonly Address[]; ipv6: readonly Address[] } {
  if (answer.mode === 'loopback') return { ipv4: ['127.0.0.1'], ipv6: ['::1'] }
  if (answer.mode === 'zero') return { ipv4: ['0.0.0.0'], ipv6: ['::'] }
  if (answer.mode !== 'addresses') return { ipv4: [], ipv6: [] }
  const isIpv4 = (address: Address) => addressBytes(address)?.length === 4
  return { ipv4: answer.addresses.filter(isIpv4), ipv6: answer.addresses.filter((address) => !isIpv4(address)) }
}

/** The rule as its list has it: the last `labels` labels of the name, with `*.` where it covers a whole subtree. */
function ruleText(wire: Uint8Array, { labels, subtree }: Block): string {
  return `${subtree ? '*.' : ''}${lastLabels(wire, labels)}`
}

function lastLabels(wire: Uint8Array, labels: number): Name {
  const starts: number[] = []
  for (let at = 0; (wire[at] ?? 0) !== 0; at += (wire[at] as number) + 1) starts.push(at)
  return nameFromWire(wire, starts[starts.length - labels] ?? 0)
}
