// The house's own names: records, wildcards, rewrites. Knows no file and no configuration.
import type { Clock } from '../../base/clock.ts'
import type { Live } from '../../base/live.ts'
import { isUnder, lastLabelHash, type Name } from '../../base/name.ts'
import { EDE, RCODE, TYPE } from '../../base/question.ts'
import { EMPTY_BODY, type OwnRecord, type Reply } from '../../base/reply.ts'
import type { Found, HouseZone } from '../../names/house-zone.ts'
import type { Rewrite } from '../../names/snapshot.ts'
import { isForParent } from '../../names/special-zones.ts'
import type { Stage } from '../stage.ts'
import { follow } from './follow.ts'

/** Aliases that are followed for one question; a longer chain is a circle, or nothing that anybody needs. */
const CHAIN_MAX = 8

/** What the stage works with. */
export interface LocalParts {
  readonly names: Live<HouseZone>
  /** Zones with an upstream of their own: a name there that the house does not know goes on. */
  readonly forwarded: readonly Name[]
  /** Stands before us in the pipeline; an alias that leads outside is looked at by it too. */
  readonly special: Stage
  readonly clock: Clock
}

/** Answers what is ours, with authority; a CNAME to a name outside is followed, so that whoever asked gets its addresses. */
export function local({ names, forwarded, special, clock }: LocalParts): Stage {
  return function local(query, next) {
    const zone = names.current
    if (!zone.mayHold(lastLabelHash(query.wire))) return next(query)
    let here = zone.find(query.name)
    if (here.kind === 'outside') return next(query)
    const { ttl } = zone
    const chain: OwnRecord[] = []
    let { name } = query
    for (;;) {
      const step = stepFrom(here, name, query.type, ttl, forwarded)
      if (step.kind === 'pass') {
        if (chain.length === 0) return next(query)
        return follow(query, chain, name, (target) => special(target, next), clock)
      }
      if (step.kind === 'end') return localReply(step.rcode, [...chain, ...step.answers], step.authority, ttl)
      chain.push(step.alias)
      if (chain.length > CHAIN_MAX) return CIRCLE
      name = step.alias.target
      here = zone.find(name)
    }
  }
}

/** Whether a forwarded zone holds the name and is as near to it as our zone is. */
export const isForwarded = (forwarded: readonly Name[], name: Name, zone: Name): boolean =>
  forwarded.some((one) => isUnder(name, one) && isUnder(one, zone))

type Alias = Extract<OwnRecord, { target: Name; kind: 'CNAME' | 'PTR' | 'NS' }>

/** What is to be done with a name of ours: answer, go on with the name it stands for, or let it pass. */
type Step =
  | {
      readonly kind: 'end'
      readonly rcode: number
      readonly answers: readonly OwnRecord[]
      readonly authority: readonly OwnRecord[]
    }
  | { readonly kind: 'alias'; readonly alias: Alias }
  | { readonly kind: 'pass' }

function stepFrom(found: Found, name: Name, type: number, ttl: number, forwarded: readonly Name[]): Step {
  if (found.kind === 'outside') return { kind: 'pass' }
  if (found.kind === 'rewrite') return rewritten(found.rewrite, name, type, ttl)
  if (found.kind === 'missing') {
    if (isForwarded(forwarded, name, found.zone) || isForParent(name, type, found.zone)) return { kind: 'pass' }
    const soa: OwnRecord = { kind: 'SOA', name: found.zone, ttl, minimum: ttl }
    if (type === TYPE.SOA && name === found.zone) return answers([soa])
    return { kind: 'end', rcode: found.exists ? RCODE.NOERROR : RCODE.NXDOMAIN, answers: [], authority: [soa] }
  }
  const own = found.records.filter((record) => record.kind !== 'RAW' && TYPE[record.kind] === type)
  if (own.length > 0) return answers(own)
  const alias = found.records.find((record): record is Alias => record.kind === 'CNAME')
  return alias === undefined ? nodata(name, ttl) : { kind: 'alias', alias }
}

/** What a rewrite takes over is where a name leads: a family without an address has none, so that no device gets round it. */
function rewritten(rewrite: Rewrite, name: Name, type: number, ttl: number): Step {
  switch (rewrite.kind) {
    case 'nxdomain':
      return { ...nodata(name, ttl), rcode: RCODE.NXDOMAIN }
    case 'name':
      return { kind: 'alias', alias: { kind: 'CNAME', name, ttl, target: rewrite.target } }
    case 'addresses': {
      if (type === TYPE.HTTPS || type === TYPE.SVCB) return nodata(name, ttl)
      if (type !== TYPE.A && type !== TYPE.AAAA) return { kind: 'pass' }
      const kind = type === TYPE.A ? 'A' : 'AAAA'
      const family = rewrite.addresses.filter((address) => address.includes(':') === (kind === 'AAAA'))
      return family.length === 0 ? nodata(name, ttl) : answers(family.map((address) => ({ kind, name, ttl, address })))
    }
  }
}

const answers = (records: readonly OwnRecord[]): Step & { kind: 'end' } => ({
  kind: 'end',
  rcode: RCODE.NOERROR,
  answers: records,
  authority: [],
})

const nodata = (name: Name, ttl: number): Step & { kind: 'end' } => ({
  kind: 'end',
  rcode: RCODE.NOERROR,
  answers: [],
  authority: [{ kind: 'SOA', name, ttl, minimum: ttl }],
})

function localReply(rcode: number, records: readonly OwnRecord[], authority: readonly OwnRecord[], ttl: number): Reply {
  return {
    rcode,
    body: { kind: 'own', answers: records, authority, authoritative: true },
    outcome: { kind: 'local' },
    // Our TTLs stand still; what is repeated must not outlive the shortest of them.
    reusable: Math.min(ttl, ...records.map((record) => record.ttl)),
  }
}

const CIRCLE: Reply = {
  rcode: RCODE.SERVFAIL,
  body: EMPTY_BODY,
  outcome: { kind: 'local' },
  error: { code: EDE.OTHER, text: 'the aliases of this name go in a circle, or are too many' },
  reusable: 0,
}
