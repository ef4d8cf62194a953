// Judges one connection by rules whose order is written once. Knows evidence only through `Facts`; keeps nothing.
import type { Address, Scope } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import { safeText } from '../base/text.ts'
import { ageText } from './age-text.ts'
import type { DeviceId } from './device.ts'
import type { Explained } from './evidence.ts'
import { mayBePeer } from './peers.ts'
import type { Report } from './report.ts'
import type { DirectClass, Explanation, Verdict } from './verdict.ts'
import type { Whereabouts } from './whereabouts.ts'

/** One connection, brought to our clock and to the address that it reaches. */
export interface Case {
  readonly report: Report
  readonly device: DeviceId
  /** The connection began between `time` and `end`, by our clock. */
  readonly time: EpochMs
  readonly end: EpochMs
  /** The destination, behind NAT64 the IPv4 address that is reached. */
  readonly dst: Address
  /** As the configuration was when the report came: a change to what is inside counts for reports after it. */
  readonly srcWhereabouts: Whereabouts
  readonly dstWhereabouts: Whereabouts
}

/** What the judge may ask. All answers are about the time of the case. */
export interface Facts {
  /** Whether the address is that of a device of ours for certain, or of this machine, whatever range it lies in. */
  readonly isOurs: (address: Address) => boolean
  /** Whether this machine has the address. */
  readonly isSelf: (address: Address) => boolean
  /** Whether the address is that of a resolver whose answers are in the evidence, although it is not inside. */
  readonly isResolver: (address: Address) => boolean
  /** Whether the device at the address has ever asked us. */
  readonly asks: (address: Address) => boolean
  readonly exemption: (one: Case) => { readonly rule: string; readonly because: string } | undefined
  readonly explain: (one: Case) => Explained
  readonly borrowed: (one: Case) => { readonly from: DeviceId; readonly names: readonly Explanation[] } | undefined
  /** Why an unexplained connection proves nothing yet. */
  readonly unproven: (one: Case) => 'learning' | 'device-learning' | 'evidence-lost' | undefined
  /** Milliseconds since the device last used another resolver, where that is recent. */
  readonly sinceBypass: (one: Case) => number | undefined
  /** Whether the device talks to many peers on high UDP ports. */
  readonly manyPeers: (one: Case) => boolean
}

/** A verdict with its sentence. */
export interface Ruling {
  readonly verdict: Verdict
  /** Safe to show: nothing in it is as an enemy wrote it. */
  readonly reason: string
}

type Rule = (one: Case, facts: Facts) => Ruling | undefined

/** The first rule that speaks decides. */
const ORDER: readonly Rule[] = [
  midStream, //     first, because what is no beginning says nothing of who asked before it began
  icmp, //          pings and errors are about other traffic, and follow no look-up of their own
  neverLeaves, //   multicast, broadcast and the like are found without names
  self, //          the resolver itself must reach addresses that nobody asked for
  inside, //        the house talks among itself without us; before `inbound`, so that both mean "outside" below
  router, //        what the firewall machine sends itself is not a device's doing, unless it asks us like one
  inbound, //       who comes from outside cannot have asked us
  configured, //    before all judging, because the owner of the network knows better
  bypass, //        before the evidence, because asking for dns.example first does not make other DNS harmless
  evidence, //      explained, if only by an old answer
  borrowed, //      after the device's own evidence; still a trace of a name, so before all doubt
  unproven, //      after all that explains, because only the unexplained needs the benefit of the doubt (I8)
  direct, //        what remains
]

/** The verdict on one connection. Total: the last rule always speaks. */
export function judge(one: Case, facts: Facts): Ruling {
  for (const rule of ORDER) {
    const ruling = rule(one, facts)
    if (ruling !== undefined) return ruling
  }
  return direct(one, facts)
}

const exempt = (rule: string, because: string): Ruling => ({
  verdict: { kind: 'exempt', rule, because },
  reason: `not judged: ${safeText(because)}`,
})

function midStream({ report }: Case): Ruling | undefined {
  return report.begins ? undefined : MID_STREAM
}
const MID_STREAM = exempt('mid-stream', 'not the first packet of a connection')

function icmp({ report }: Case): Ruling | undefined {
  return report.proto === 'icmp' || report.proto === 'icmpv6' ? ICMP : undefined
}
const ICMP = exempt('icmp', 'ICMP is about other traffic')

function neverLeaves({ dstWhereabouts }: Case): Ruling | undefined {
  return NEVER_LEAVES[dstWhereabouts.scope]
}
const NEVER_LEAVES: Partial<Record<Scope, Ruling>> = {
  multicast: exempt('multicast', 'multicast finds its members without a name'),
  broadcast: exempt('broadcast', 'broadcast finds its members without a name'),
  'link-local': exempt('link-local', 'link-local addresses do not leave the link'),
  loopback: exempt('loopback', 'loopback addresses do not leave the machine'),
  unspecified: exempt('unspecified', 'the unspecified address is nobody'),
}

function self({ report }: Case, facts: Facts): Ruling | undefined {
  return facts.isSelf(report.src) ? SELF : undefined
}
const SELF = exempt('self', 'this machine itself: its resolver must reach addresses that nobody asked for')

function inside({ dst, dstWhereabouts }: Case, facts: Facts): Ruling | undefined {
  return dstWhereabouts.inside || facts.isOurs(dst) ? INSIDE : undefined
}
const INSIDE = exempt('inside', 'the destination is inside')

function router({ report }: Case, facts: Facts): Ruling | undefined {
  return report.inside === '' && !facts.asks(report.src) ? ROUTER : undefined
}
const ROUTER = exempt('router', 'the firewall machine itself, which does not ask this resolver')

function inbound({ report, srcWhereabouts }: Case, facts: Facts): Ruling | undefined {
  return srcWhereabouts.inside || facts.isOurs(report.src) ? undefined : INBOUND
}
const INBOUND = exempt('inbound', 'the source is outside')

function configured(one: Case, facts: Facts): Ruling | undefined {
  const found = facts.exemption(one)
  return found === undefined ? undefined : exempt(found.rule, found.because)
}

function bypass(one: Case, facts: Facts): Ruling | undefined {
  const { proto, dport } = one.report
  if (proto !== 'udp' && proto !== 'tcp') return undefined
  if (dport === 53 && facts.isResolver(one.dst)) return RESOLVER
  const operator = dport === 53 || dport === 853 || dport === 443 ? one.dstWhereabouts.resolver : undefined
  const server = operator === undefined ? one.dst : `${one.dst} (${operator})`
  const way =
    dport === 53
      ? ({ class: 'dns', reason: `plain DNS to ${server}` } as const)
      : dport === 853
        ? ({ class: 'dot', reason: `encrypted DNS (port 853) to ${server}` } as const)
        : operator !== undefined
          ? ({ class: 'doh', reason: `DNS over HTTPS to ${server}` } as const)
          : undefined
  if (way === undefined) return undefined
  const explained = facts.explain(one)
  const names = explained.kind === 'nothing' ? [] : explained.names
  return { verdict: { kind: 'dns-bypass', class: way.class, names }, reason: `${way.reason}, past this resolver` }
}

const RESOLVER = exempt('resolver', 'questions to a resolver whose answers are known')

function evidence(one: Case, facts: Facts): Ruling | undefined {
  const explained = facts.explain(one)
  if (explained.kind === 'nothing') return undefined
  const { kind, names } = explained
  const said = namesText(names)
  return {
    verdict: { kind, names },
    reason: kind === 'asked' ? `asked for ${said}` : `asked for ${said}: too long ago`,
  }
}

function borrowed(one: Case, facts: Facts): Ruling | undefined {
  const found = facts.borrowed(one)
  if (found === undefined) return undefined
  const reason = `did not ask, but ${found.from} asked for ${namesText(found.names)}`
  return { verdict: { kind: 'borrowed', ...found }, reason }
}

function unproven(one: Case, facts: Facts): Ruling | undefined {
  const reason = facts.unproven(one)
  return reason === undefined ? undefined : UNPROVEN[reason]
}
const UNPROVEN = {
  learning: notYet('learning', 'askfirst has not watched for long enough'),
  'device-learning': notYet('device-learning', 'the device is too new'),
  'evidence-lost': notYet('evidence-lost', 'answers given before may be missing from the ledger'),
} as const

function notYet(reason: 'learning' | 'device-learning' | 'evidence-lost', because: string): Ruling {
  return { verdict: { kind: 'unproven', reason }, reason: `no question for this address is known, but ${because}` }
}

function direct(one: Case, facts: Facts): Ruling {
  const sinceBypass = facts.sinceBypass(one)
  const kind = directClass(one, facts, sinceBypass)
  const after = kind === 'after-dns-bypass' ? `; it used another resolver ${ageText(sinceBypass ?? 0)} before` : ''
  return {
    verdict: { kind: 'direct-ip', class: kind },
    reason: `never asked for a name of ${one.dst}${AS_WHAT[kind]}${after}`,
  }
}
const AS_WHAT: Record<DirectClass, string> = {
  plain: '',
  ntp: '; the port is that of time service',
  stun: '; the port is one of call set-up (STUN, TURN)',
  p2p: '; it talks to many peers on high ports',
  'after-dns-bypass': '',
}

function directClass(one: Case, facts: Facts, sinceBypass: number | undefined): DirectClass {
  const { proto, dport = 0 } = one.report
  if (proto === 'udp' && dport === 123) return 'ntp'
  // RFC 8489 §18.6 (3478, 5349); 19302 to 19309 are those of Google's public STUN servers.
  if (dport === 3478 || dport === 5349 || (proto === 'udp' && dport >= 19_302 && dport <= 19_309)) return 'stun'
  if (mayBePeer(one.report) && facts.manyPeers(one)) return 'p2p'
  return sinceBypass === undefined ? 'plain' : 'after-dns-bypass'
}

/** `www.example.org 2 s before (and 3 more names)`. Names are canonical and carry no control characters. */
function namesText(names: readonly Explanation[]): string {
  const first = names[0]
  if (first === undefined) return 'a name that is no longer kept, since many names gave this address'
  const more = names.length === 1 ? '' : ` (and ${names.length - 1} more ${names.length === 2 ? 'name' : 'names'})`
  return `${first.name} ${ageText(first.age)} before${more}`
}
