// What a blocked question is told: the answer of the rule, of its list, of the device's group, or of the house. Knows the
// decision, not how it came about.
import { type Address, addressBytes, prefixText, scopeOf } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import { type Name, nameFromWire } from '../../base/name.ts'
import { EDE, type Query, RCODE, TYPE } from '../../base/question.ts'
import type { OwnRecord, Reply } from '../../base/reply.ts'
import type { BlockAnswer } from '../../policy/block-answer.ts'
import type { Decision, Policy } from '../../policy/decision.ts'
import type { RecordData } from '../../policy/rule.ts'
import type { Profile } from '../profiles.ts'
import type { Next } from '../stage.ts'
import { follow } from './follow.ts'

export type Block = Extract<Decision, { kind: 'block' }>

/** What this block answers where its rule says nothing: as its list, the first group that says something, the house. */
export const answerFor = (
  { list }: Block,
  { lists }: Policy,
  profile: Pick<Profile, 'answer'>,
  house: BlockAnswer,
): BlockAnswer => lists[list]?.blockAnswer ?? profile.answer ?? house

/** What to do with a blocked question beside its decision. */
export interface Blocked {
  readonly decision: Block
  readonly policy: Policy
  readonly answer: BlockAnswer
  /** The name that the rule matched, in wire form, if not the one asked. */
  readonly wire?: Uint8Array
}

/** Does what the rule says. `ask` finds the records of another name; undefined: as if there were no rule. */
export function blockReply(
  query: Query,
  blocked: Blocked,
  ask: Next,
  clock: Clock,
): Reply | Promise<Reply> | undefined {
  const { decision, answer } = blocked
  const { action } = decision
  if (action?.kind === 'alias') {
    const target = action.prepend ? `${query.name}.${action.target}` : action.target
    return follow(query, [{ kind: 'CNAME', name: query.name, ttl: answer.ttl, target }], target, ask, clock)
  }
  if (action?.kind === 'tcp-only')
    return query.transport === 'udp' ? { ...plainReply(query, blocked), ...CUT } : undefined
  return plainReply(query, blocked)
}

const CUT = {
  rcode: RCODE.NOERROR,
  body: { kind: 'own', answers: [], authority: [], authoritative: false },
  cut: true,
  reusable: 0,
} as const

/** The reply of a block that asks nobody further. */
export function plainReply(query: Query, { decision, policy, answer, wire = query.wire }: Blocked): Reply {
  const list = policy.lists[decision.list]?.name ?? 'a list'
  const common = {
    outcome: { kind: 'blocked', list: decision.list, line: decision.line },
    error: { code: EDE.BLOCKED, text: whyText(list, wire, decision) },
    reusable: answer.ttl,
  } as const
  const { name } = query
  const { ttl } = answer
  const own = (answers: readonly OwnRecord[], authority: readonly OwnRecord[]) =>
    ({ kind: 'own', answers, authority, authoritative: false }) as const
  // The SOA tells caches how long "no" holds (RFC 2308 §5): without it they would ask again at once.
  const soa = { kind: 'SOA', name, ttl, minimum: ttl } as const
  const told = (answers: readonly OwnRecord[]): Reply => ({
    ...common,
    rcode: RCODE.NOERROR,
    body: own(answers, answers.length > 0 ? [] : [soa]),
  })
  const { action } = decision
  if (action?.kind === 'records') {
    const answers = action.records.flatMap((data) => recordOf(query, data, ttl))
    // Addresses of real machines are handed out: they explain the connections that follow (invariant I9 is for others).
    return action.records.some(isReal) ? { ...told(answers), outcome: { kind: 'local' } } : told(answers)
  }
  if (action?.kind === 'rcode') {
    const { rcode } = action
    return { ...common, rcode, body: own([], rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN ? [soa] : []) }
  }
  const mode = action?.kind === 'drop' ? 'drop' : answer.mode
  // Who waits on a connection is told; over UDP silence is what was asked for.
  if (mode === 'drop') {
    const refused: Reply = { ...common, rcode: RCODE.REFUSED, body: own([], []), reusable: 0 }
    return query.transport === 'udp' ? { ...refused, silent: true } : refused
  }
  if (mode === 'refused') return { ...common, rcode: RCODE.REFUSED, body: own([], []) }
  if (mode === 'nxdomain') return { ...common, rcode: RCODE.NXDOMAIN, body: own([], [soa]) }
  const { ipv4, ipv6 } = addressesOf(answer)
  if (query.type === TYPE.A) return told(ipv4.map((address) => ({ kind: 'A', name, ttl, address })))
  if (query.type === TYPE.AAAA) return told(ipv6.map((address) => ({ kind: 'AAAA', name, ttl, address })))
  return told([])
}

const LOOPBACK = { ipv4: ['127.0.0.1'], ipv6: ['::1'] } as const
const ZERO = { ipv4: ['0.0.0.0'], ipv6: ['::'] } as const
const NONE = { ipv4: [], ipv6: [] } as const

function addressesOf({ mode, addresses }: BlockAnswer): {
  readonly ipv4: readonly Address[]
  readonly ipv6: readonly Address[]
} {
  if (mode === 'loopback') return LOOPBACK
  if (mode === 'zero') return ZERO
  if (mode !== 'addresses') return NONE
  const isIpv4 = (address: Address) => addressBytes(address)?.length === 4
  return { ipv4: addresses.filter(isIpv4), ipv6: addresses.filter((address) => !isIpv4(address)) }
}

/** The record that a rule gives, where it is of the type that is asked. */
function recordOf({ name, type }: Query, data: RecordData, ttl: number): OwnRecord[] {
  if (TYPE[data.kind] !== type) return []
  if (data.kind === 'MX') return [{ kind: 'MX', name, ttl, preference: data.preference, exchange: data.target }]
  if ('data' in data) {
    return [{ kind: 'RAW', name, ttl, type, data: Buffer.from(data.data, 'hex') }]
  }
  return [{ name, ttl, ...data }]
}

/** Whether a record leads to another machine than the device itself. */
function isReal(data: RecordData): boolean {
  if (data.kind !== 'A' && data.kind !== 'AAAA') return false
  const scope = scopeOf(addressBytes(data.address) ?? new Uint8Array(4))
  return scope !== 'loopback' && scope !== 'unspecified'
}

/** The rule as people know it: the last `labels` labels of the name, with `*.` where it covers a whole subtree. */
function whyText(list: string, wire: Uint8Array, { clause, target, labels, subtree }: Block): string {
  if (clause === 'allow-only') return 'blocked: no rule allows it, and its group gets only what one does'
  return `blocked by ${list}: ${ruleText(wire, target, labels, subtree)}`
}

function ruleText(wire: Uint8Array, target: Block['target'], labels: number, subtree: boolean): string {
  if (target?.kind === 'regex') return `/${target.pattern}/`
  if (target?.kind === 'address') return prefixText(target.prefix)
  if (target?.kind === 'any') return '*'
  return `${subtree ? '*.' : ''}${lastLabels(wire, labels)}`
}

function lastLabels(wire: Uint8Array, labels: number): Name {
  const starts: number[] = []
  for (let at = 0; (wire[at] ?? 0) !== 0; at += (wire[at] as number) + 1) starts.push(at)
  return nameFromWire(wire, starts[starts.length - labels] ?? 0)
}
