// The formats of other resolvers that lists can be written in. Knows none of them.

/** The formats that can be written. */
export const TARGETS = ['hosts', 'domains', 'dnsmasq', 'unbound', 'rpz', 'adblock'] as const
export type Target = (typeof TARGETS)[number]
