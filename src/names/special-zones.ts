// Names with a meaning of their own, which must never leave the house, each with who says so. Values only.
import type { Name } from '../base/name.ts'
import { TYPE } from '../base/question.ts'

/** A zone that is answered here, and how. */
export interface SpecialZone {
  readonly zone: Name
  /**
   * `loopback`: it and all under it are 127.0.0.1 and ::1. `loopback-name`: its PTR is localhost. `empty`: the zone exists
   * and has nothing under it. `nodata`: so does each name under it, and none has a record.
   */
  readonly answer: 'loopback' | 'loopback-name' | 'empty' | 'nodata'
  /** Why it must not be forwarded. */
  readonly because: string
}

const of = (because: string, answer: SpecialZone['answer'], ...zones: Name[]): SpecialZone[] =>
  zones.map((zone) => ({ zone, answer, because }))

const range = (from: number, to: number, zone: (i: number) => Name): Name[] =>
  Array.from({ length: to - from + 1 }, (_, i) => zone(from + i))

const ZEROS = '0.'.repeat(31)

/** Every zone. Each can be overridden by a record of the house or by a zone that is forwarded. */
export const SPECIAL_ZONES: readonly SpecialZone[] = [
  ...of('RFC 6761 §6.3', 'loopback', 'localhost'),
  ...of('RFC 6761 §6.4', 'empty', 'invalid'),
  ...of('RFC 6761 §6.2', 'empty', 'test'),
  ...of('RFC 7686 §2', 'empty', 'onion'),
  ...of('RFC 9476 §3', 'empty', 'alt'),
  ...of('RFC 6762 §22.1: multicast DNS only', 'empty', 'local'),
  // Reserved for private use by ICANN (board resolution 2024.07.29.06); it will never be delegated.
  ...of('ICANN 2024.07.29.06: private use', 'empty', 'internal'),
  ...of('RFC 8375 §4', 'empty', 'home.arpa'),
  // Discovery of encrypted resolvers: where we have something to discover, that is answered before.
  ...of('RFC 9462 §6.4', 'nodata', 'resolver.arpa'),
  ...of('RFC 9665 §7', 'nodata', 'service.arpa'),
  ...of('RFC 7535 §3.2', 'empty', 'empty.as112.arpa'),
  // RFC 6303 §4.1: the ranges of RFC 1918.
  ...of('RFC 6303 §4.1', 'empty', '10.in-addr.arpa', '168.192.in-addr.arpa'),
  ...of('RFC 6303 §4.1', 'empty', ...range(16, 31, (i) => `${i}.172.in-addr.arpa`)),
  ...of('RFC 6761 §6.3', 'loopback-name', '1.0.0.127.in-addr.arpa', `1.${ZEROS}ip6.arpa`),
  ...of('RFC 6303 §4.2', 'empty', '0.in-addr.arpa', '127.in-addr.arpa', '254.169.in-addr.arpa'),
  ...of('RFC 6303 §4.2', 'empty', '2.0.192.in-addr.arpa', '100.51.198.in-addr.arpa', '113.0.203.in-addr.arpa'),
  ...of('RFC 6303 §4.2', 'empty', '255.255.255.255.in-addr.arpa'),
  ...of('RFC 6303 §4.3', 'empty', `0.${ZEROS}ip6.arpa`),
  ...of('RFC 6303 §4.4', 'empty', 'd.f.ip6.arpa'),
  ...of('RFC 6303 §4.5', 'empty', '8.e.f.ip6.arpa', '9.e.f.ip6.arpa', 'a.e.f.ip6.arpa', 'b.e.f.ip6.arpa'),
  ...of('RFC 6303 §4.6', 'empty', '8.b.d.0.1.0.0.2.ip6.arpa'),
  ...of('RFC 7793 §2', 'empty', ...range(64, 127, (i) => `${i}.100.in-addr.arpa`)),
]

/**
 * Whether a question is for the parent of a special zone: the DS record of its apex stands there (RFC 4035 §3.1.4.1), and
 * says to who validates behind us that the zone is not signed. Under arpa only: the root has no such zones.
 */
export const isForParent = (name: Name, type: number, zone: Name): boolean =>
  type === TYPE.DS && name === zone && zone.endsWith('.arpa')

/**
 * Names by which applications ask whether they may pass the network's resolver by; "no such name" asks them not to.
 * Sources: support.mozilla.org, "Canary domain"; developer.apple.com, "Prepare your network for iCloud Private Relay".
 */
export const CANARIES: readonly Name[] = ['use-application-dns.net', 'mask.icloud.com', 'mask-h2.icloud.com']
