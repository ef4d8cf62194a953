// Addresses of well-known public resolvers that serve nothing but DNS, so that port 443 there is DNS over HTTPS.
// Written by hand from what the operators publish, as of November 2026. An address stands here only where it is
// dedicated to DNS: one that a content network shares with web sites would be a false alarm, which is worse than a miss.
import { type Address, addressBytes, addressFromBytes, type Prefix, prefixes, prefixHas } from '../base/address.ts'

/** Operator and its dedicated anycast addresses; a prefix where the whole of it answers DNS only. */
const OPERATORS: readonly (readonly [operator: string, ...addresses: string[]])[] = [
  ['Google Public DNS', '8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
  ['Google Public DNS64', '2001:4860:4860::6464', '2001:4860:4860::64'],
  ['Cloudflare DNS', '1.1.1.1', '1.0.0.1', '2606:4700:4700::1111', '2606:4700:4700::1001'],
  ['Cloudflare DNS, malware filter', '1.1.1.2', '1.0.0.2', '2606:4700:4700::1112', '2606:4700:4700::1002'],
  ['Cloudflare DNS, family filter', '1.1.1.3', '1.0.0.3', '2606:4700:4700::1113', '2606:4700:4700::1003'],
  ['Cloudflare DNS64', '2606:4700:4700::64', '2606:4700:4700::6400'],
  ['Quad9', '9.9.9.9', '149.112.112.112', '2620:fe::fe', '2620:fe::9'],
  ['Quad9, unfiltered', '9.9.9.10', '149.112.112.10', '2620:fe::10', '2620:fe::fe:10'],
  ['Quad9, with client subnet', '9.9.9.11', '149.112.112.11', '2620:fe::11', '2620:fe::fe:11'],
  ['OpenDNS', '208.67.222.222', '208.67.220.220', '2620:119:35::35', '2620:119:53::53'],
  ['OpenDNS FamilyShield', '208.67.222.123', '208.67.220.123', '2620:119:35::123', '2620:119:53::123'],
  ['AdGuard DNS', '94.140.14.14', '94.140.15.15', '2a10:50c0::ad1:ff', '2a10:50c0::ad2:ff'],
  ['AdGuard DNS, family', '94.140.14.15', '94.140.15.16', '2a10:50c0::bad1:ff', '2a10:50c0::bad2:ff'],
  ['AdGuard DNS, unfiltered', '94.140.14.140', '94.140.14.141', '2a10:50c0::1:ff', '2a10:50c0::2:ff'],
  ['CleanBrowsing', '185.228.168.9', '185.228.169.9', '2a0d:2a00:1::2', '2a0d:2a00:2::2'],
  ['CleanBrowsing, adult filter', '185.228.168.10', '185.228.169.11', '2a0d:2a00:1::1', '2a0d:2a00:2::1'],
  ['CleanBrowsing, family', '185.228.168.168', '185.228.169.168', '2a0d:2a00:1::', '2a0d:2a00:2::'],
  ['NextDNS', '45.90.28.0/24', '45.90.30.0/24', '2a07:a8c0::/48', '2a07:a8c1::/48'],
  ['Control D', '76.76.2.0/24', '76.76.10.0/24', '2606:1a40::/48', '2606:1a40:1::/48'],
  ['Mullvad DNS', '194.242.2.0/28', '2a07:e340::/124'],
  ['DNS.SB', '185.222.222.222', '45.11.45.11', '2a09::', '2a11::'],
  ['Yandex DNS', '77.88.8.8', '77.88.8.1', '2a02:6b8::feed:0ff', '2a02:6b8:0:1::feed:0ff'],
  ['Yandex DNS, safe', '77.88.8.88', '77.88.8.2', '2a02:6b8::feed:bad', '2a02:6b8:0:1::feed:bad'],
  ['Yandex DNS, family', '77.88.8.7', '77.88.8.3', '2a02:6b8::feed:a11', '2a02:6b8:0:1::feed:a11'],
  ['AliDNS', '223.5.5.5', '223.6.6.6', '2400:3200::1', '2400:3200:baba::1'],
  ['DNSPod', '119.29.29.29', '1.12.12.12', '120.53.53.53', '2402:4e00::'],
  ['CIRA Canadian Shield', '149.112.121.10', '149.112.122.10', '2620:10a:80bb::10', '2620:10a:80bc::10'],
  ['CIRA Canadian Shield, protected', '149.112.121.20', '149.112.122.20', '2620:10a:80bb::20', '2620:10a:80bc::20'],
  ['CIRA Canadian Shield, family', '149.112.121.30', '149.112.122.30', '2620:10a:80bb::30', '2620:10a:80bc::30'],
  ['DNS4EU', '86.54.11.0/24', '2a13:1001::86:54:11:0/112'],
  ['Wikimedia DNS', '185.71.138.138', '2001:67c:930::1'],
  ['UncensoredDNS', '91.239.100.100', '2001:67c:28a4::'],
]

/** The operator of the public resolver at an address, for people; `undefined` where it is not a known one. */
export function knownResolver(address: Address): string | undefined {
  const operator = SINGLE.get(address)
  if (operator !== undefined) return operator
  const bytes = addressBytes(address)
  if (bytes === undefined) return undefined
  return RANGES.find(({ prefix }) => prefixHas(prefix, bytes))?.operator
}

const SINGLE = new Map<Address, string>()
const RANGES: { readonly prefix: Prefix; readonly operator: string }[] = []

for (const [operator, ...addresses] of OPERATORS) {
  for (const prefix of prefixes(...addresses)) {
    if (prefix.bits === prefix.bytes.length * 8) SINGLE.set(addressFromBytes(prefix.bytes), operator)
    else RANGES.push({ prefix, operator })
  }
}
