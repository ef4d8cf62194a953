// The fields of a netfilter line as the collection writes them down, to compare ours with.
import { parseAddress } from '../../../src/base/address.ts'
import { type NetfilterFields, TCP_FLAGS } from '../../../src/intake/formats/netfilter.ts'

export interface ExpectedFields {
  readonly prefix: string | null
  readonly in: string | null
  readonly out: string | null
  readonly src: string
  readonly dst: string
  readonly proto: string | null
  readonly sport: number | null
  readonly dport: number | null
  readonly icmp_type: number | null
  readonly icmp_code: number | null
  readonly len: number | null
  readonly ttl: number | null
  readonly mac: string | null
  readonly tcp_flags: readonly string[] | null
}

/** Expected fields with canonical addresses and flags in one order. */
export const normal = (expected: ExpectedFields): ExpectedFields => ({
  ...expected,
  src: parseAddress(expected.src) ?? expected.src,
  dst: parseAddress(expected.dst) ?? expected.dst,
  tcp_flags: expected.tcp_flags && [...expected.tcp_flags].sort(),
})

/** Our fields in the same shape. */
export const asExpected = (fields: NetfilterFields): ExpectedFields => ({
  prefix: fields.prefix,
  in: fields.in === '' ? null : fields.in,
  out: fields.out === '' ? null : fields.out,
  src: fields.src,
  dst: fields.dst,
  proto: fields.proto ?? null,
  sport: fields.sport ?? null,
  dport: fields.dport ?? null,
  icmp_type: fields.icmpType ?? null,
  icmp_code: fields.icmpCode ?? null,
  len: fields.len ?? null,
  ttl: fields.ttl ?? null,
  mac: fields.mac ?? null,
  tcp_flags: fields.proto === 'TCP' ? flagNames(fields.flags) : null,
})

const flagNames = (flags: number): string[] =>
  Object.entries(TCP_FLAGS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name)
    .sort()
