// Client subnet (RFC 7871): what of a client's address is told to upstreams, which is nothing unless somebody wants it.
import { type Prefix, scopeOf } from '../base/address.ts'
import type { Query } from '../base/question.ts'
import { copyOf, putU16 } from '../wire/bytes.ts'
import type { Stage } from './stage.ts'

/** What is sent upstream: nothing; what the client sent; or always the same prefix. */
export type SubnetHabit = 'strip' | 'forward' | Prefix

/** RFC 7871 §11.1: no more of an address than this. Bits. */
const FORWARD_MAX: Readonly<Record<number, number>> = { 1: 24, 2: 56 }
/** RFC 7871 §7.1.2: a source prefix of no bits forbids to tell anything. */
const NOTHING_TOLD = 0

/** The stage that says what goes upstream with a question; none where nothing does. */
export function clientSubnet(habit: SubnetHabit): Stage | undefined {
  if (habit === 'strip') return undefined
  const always = habit === 'forward' ? undefined : optionOf(habit)
  return function clientSubnet(query, next) {
    const subnet = upstreamSubnet(query, always)
    return next(subnet === undefined ? query : { ...query, subnet })
  }
}

/** What a reply says of the subnet that the client sent, where it counted: the answer is for that subnet alone. */
export function subnetEcho(query: Query, habit: SubnetHabit): Uint8Array | undefined {
  if (habit !== 'forward') return undefined
  const sent = query.edns?.options?.subnet
  const told = upstreamSubnet(query, undefined)
  if (sent === undefined || told === undefined) return undefined
  const echo = copyOf(sent)
  // RFC 7871 §7.2.1: the scope is how much of it mattered. We keep an answer for what was told, so that is it.
  echo[SCOPE] = told[SOURCE] as number
  return echo
}

const SOURCE = 2
const SCOPE = 3

function upstreamSubnet(query: Query, always: Uint8Array | undefined): Uint8Array | undefined {
  const sent = query.edns?.options?.subnet
  if (sent?.[SOURCE] === NOTHING_TOLD) return sent
  return always ?? (sent === undefined ? undefined : shortened(sent))
}

/** Cut to what may be told; none where the address is of this network, which means nothing to others (§11.2). */
function shortened(sent: Uint8Array): Uint8Array | undefined {
  const family = sent[1] as number
  const source = Math.min(sent[SOURCE] as number, FORWARD_MAX[family] as number)
  const address = new Uint8Array(family === 1 ? 4 : 16)
  address.set(sent.subarray(4))
  if (scopeOf(address) !== 'global') return undefined
  return optionData(family, source, address)
}

const optionOf = ({ bytes, bits }: Prefix): Uint8Array => optionData(bytes.length === 4 ? 1 : 2, bits, bytes)

function optionData(family: number, source: number, address: Uint8Array): Uint8Array {
  const length = Math.ceil(source / 8)
  const data = new Uint8Array(4 + length)
  putU16(data, 0, family)
  data[SOURCE] = source
  data.set(address.subarray(0, length), 4)
  if (source % 8 !== 0) data[3 + length] = (data[3 + length] as number) & (0xff << (8 - (source % 8)))
  return data
}
