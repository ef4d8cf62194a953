// IP protocols by name and number, as reports write them. Knows no format.

/**
 * `TCP`, `tcp`, `ICMPv6` or a number becomes what `Report.proto` holds: `tcp`, `udp`, `icmp`, `icmpv6`, or the number
 * as text. `undefined` for anything else. Numbers: IANA "Protocol Numbers".
 */
export function protocolOf(text: string): string | undefined {
  const named = NAMES.get(text)
  if (named !== undefined) return named
  if (!/^\d{1,3}$/.test(text)) return NAMES.get(text.toLowerCase())
  const number = Number(text)
  return number > 255 ? undefined : (NAMES.get(String(number)) ?? String(number))
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['tcp', 'tcp'],
  ['udp', 'udp'],
  ['icmp', 'icmp'],
  ['icmpv6', 'icmpv6'],
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['ICMP', 'icmp'],
  ['ICMPv6', 'icmpv6'],
  ['6', 'tcp'],
  ['17', 'udp'],
  ['1', 'icmp'],
  ['58', 'icmpv6'],
  ['igmp', '2'],
  ['dccp', '33'],
  ['gre', '47'],
  ['esp', '50'],
  ['ah', '51'],
  ['sctp', '132'],
  ['udplite', '136'],
])
