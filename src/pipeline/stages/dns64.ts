// DNS64 (RFC 6147): for hosts that have IPv6 only, a name without an IPv6 address gets one that leads through NAT64.
// Knows no upstream. Its answers are hand-outs like all others.
import { type Address, addressBytes, inPrefixes, type Prefix } from '../../base/address.ts'
import { type Clock, SECOND } from '../../base/clock.ts'
import { isUnder, type Name } from '../../base/name.ts'
import { type Query, RCODE, TYPE, wantsDnssec } from '../../base/question.ts'
import type { OwnRecord, Reply } from '../../base/reply.ts'
import { addressOfReverse, reverseName } from '../../base/reverse.ts'
import { embed, embedAny, extract, IPV4_ONLY, IPV4_ONLY_ADDRESSES } from '../../names/nat64.ts'
import { assemble } from '../../wire/assemble.ts'
import { readRecords } from '../../wire/read-records.ts'
import { type Next, type Stage, whenReplied } from '../stage.ts'
import { follow } from './follow.ts'

/** What is synthesised, and for whom not. */
export interface Dns64Settings {
  readonly prefix: Prefix
  /** Clients that have IPv4: they get no synthesised addresses. */
  readonly exceptClients: readonly Prefix[]
  /** Names that get none, with all under them. */
  readonly exceptNames: readonly Name[]
}

/** What the stage works with. */
export interface Dns64Parts {
  readonly settings: Dns64Settings
  /** Special names and those of the house: a reverse name that leads to an IPv4 one may be among them. */
  readonly own: Stage
  readonly clock: Clock
  /** Counts answers that were synthesised, not those that the fast lane repeats. */
  readonly figures: { synthesised: number }
}

/** RFC 6147 §5.1.7: without an SOA to bound it, a synthesised address is kept for at most 600 s. */
const TTL_WITHOUT_SOA = 600
/** Seconds for what is said of `ipv4only.arpa`; its own TTL is a day (RFC 8880 §7.1). */
const IPV4_ONLY_TTL = 3600

/** Synthesises AAAA records, and answers for the prefix itself: its reverse names and `ipv4only.arpa`. */
export function dns64({ settings, own, clock, figures }: Dns64Parts): Stage {
  const { prefix, exceptClients, exceptNames } = settings
  const reverseOfOnly = new Set(IPV4_ONLY_ADDRESSES.map(reverseName))
  const excluded = (client: Address): boolean => {
    const bytes = exceptClients.length === 0 ? undefined : addressBytes(client)
    return bytes !== undefined && inPrefixes(exceptClients, bytes)
  }

  function addresses(query: Query, next: Next): Reply | Promise<Reply> {
    // RFC 6147 §5.5: who sets DO and CD validates for itself, and would find our address forged.
    if (query.checkingDisabled && wantsDnssec(query)) return next(query)
    if (exceptNames.some((name) => isUnder(query.name, name))) return next(query)
    return whenReplied(next(query), (reply) => {
      if (!lacksAddress(reply)) return reply
      // The lane does not tell clients of one group apart: what differs between them is not repeated.
      const once = exceptClients.length > 0 ? 0 : Number.POSITIVE_INFINITY
      if (excluded(query.client)) return { ...reply, reusable: 0 }
      return whenReplied(next({ ...query, type: TYPE.A }), (four) => {
        const made = synthesise(query, reply, four, prefix, clock.ticks())
        if (made !== undefined) figures.synthesised++
        const result = made ?? reply
        return { ...result, reusable: Math.min(result.reusable, once) }
      })
    })
  }

  return function dns64(query, next): Reply | Promise<Reply> {
    const { name, type } = query
    if (name.endsWith(IPV4_ONLY) && isUnder(name, IPV4_ONLY))
      return ipv4Only(query, prefix, excluded(query.client), exceptClients.length > 0)
    if (type === TYPE.AAAA) return addresses(query, next)
    if (type !== TYPE.PTR) return next(query)
    if (reverseOfOnly.has(name)) return fixed(query, [{ kind: 'PTR', name, ttl: IPV4_ONLY_TTL, target: IPV4_ONLY }])
    const address = name.endsWith('.ip6.arpa') ? addressOfReverse(name) : undefined
    const inside = address === undefined ? undefined : extract(prefix, address)
    if (inside === undefined) return next(query)
    // RFC 6147 §5.3.1: the reverse name of a synthesised address is an alias of the IPv4 one's.
    const target = reverseName(inside)
    const alias: OwnRecord = { kind: 'CNAME', name, ttl: IPV4_ONLY_TTL, target }
    return follow(query, [alias], target, (of) => own(of, (further) => dns64(further, next)), clock)
  }
}

/** Whether an AAAA answer has no address of its own: none, mapped IPv4 ones only (::ffff:0:0/96), or a failure (§5.1.2). */
function lacksAddress({ rcode, body, outcome }: Reply): boolean {
  if (outcome.kind === 'blocked' || outcome.kind === 'refused' || rcode === RCODE.NXDOMAIN) return false
  if (rcode !== RCODE.NOERROR) return true
  if (body.kind === 'own') return false
  return body.message.negative || !body.message.handOuts.some(({ address }) => address.includes(':'))
}

/** AAAA records for the A records of `four`, aliases kept; undefined where there is nothing to make them of. */
function synthesise(query: Query, six: Reply, four: Reply, prefix: Prefix, ticks: number): Reply | undefined {
  if (four.rcode !== RCODE.NOERROR || four.body.kind !== 'wire' || four.body.message.negative) return undefined
  const records = readRecords(four.body.message)
  const age = ageOf(four, ticks)
  // RFC 6147 §5.1.7: no longer than "there is no AAAA" may be kept.
  const most =
    six.body.kind === 'wire' && six.body.message.ttl > 0 ? six.body.message.ttl - ageOf(six, ticks) : TTL_WITHOUT_SOA
  const answers = (records?.answers ?? []).flatMap((record): OwnRecord[] => {
    const ttl = Math.max(0, Math.min(record.ttl - age, most))
    if (record.kind === 'CNAME' || (record.kind === 'RAW' && record.type === TYPE.DNAME)) return [{ ...record, ttl }]
    const address = record.kind === 'A' ? embed(prefix, record.address) : undefined
    return address === undefined ? [] : [{ kind: 'AAAA', name: record.name, ttl, address }]
  })
  if (!answers.some(({ kind }) => kind === 'AAAA')) return undefined
  const message = assemble(query, RCODE.NOERROR, answers, [])
  if (message === undefined) return undefined
  return {
    ...four,
    body: { kind: 'wire', message, since: ticks },
    // Whichever of the two questions left the house: it counts for its upstream.
    outcome: six.outcome.kind === 'forwarded' ? six.outcome : four.outcome,
    reusable: Math.min(four.reusable, message.ttl),
  }
}

const ageOf = ({ body }: Reply, ticks: number): number =>
  body.kind === 'wire' ? Math.max(0, Math.floor((ticks - body.since) / SECOND)) : 0

/** RFC 8880 §7.1: the name by which hosts find out the prefix has the same answer everywhere, and nothing under it. */
function ipv4Only(query: Query, prefix: Prefix, excluded: boolean, differs: boolean): Reply {
  const { name, type } = query
  const ttl = IPV4_ONLY_TTL
  if (name !== IPV4_ONLY) return fixed(query, [], RCODE.NXDOMAIN)
  if (type === TYPE.A)
    return fixed(
      query,
      IPV4_ONLY_ADDRESSES.map((address) => ({ kind: 'A', name, ttl, address })),
    )
  if (type !== TYPE.AAAA) return fixed(query, [])
  const made = IPV4_ONLY_ADDRESSES.map(
    (address): OwnRecord => ({ kind: 'AAAA', name, ttl, address: embedAny(prefix, address) }),
  )
  const reply = fixed(query, excluded ? [] : made)
  return differs ? { ...reply, reusable: 0 } : reply
}

function fixed({ name }: Query, answers: readonly OwnRecord[], rcode: number = RCODE.NOERROR): Reply {
  const ttl = IPV4_ONLY_TTL
  const soa: OwnRecord = { kind: 'SOA', name: rcode === RCODE.NXDOMAIN ? IPV4_ONLY : name, ttl, minimum: ttl }
  return {
    rcode,
    body: { kind: 'own', answers, authority: answers.length > 0 ? [] : [soa], authoritative: true },
    outcome: { kind: 'special' },
    reusable: ttl,
  }
}
