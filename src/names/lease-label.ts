// The host name that a device gave the DHCP server, made into a label that may stand in the DNS. Hostile text comes in.
import { LABEL_MAX, type Name, parseName } from '../base/name.ts'

/**
 * Names that no lease may take: `localhost` (RFC 6761 §6.3), and those that machines ask for by themselves and trust:
 * `wpad` finds a web proxy for browsers, `isatap` a tunnel router (RFC 5214 §8.3), `_`-names services.
 */
const RESERVED = /^(localhost|localdomain|wpad|isatap|autodiscover|autoconfig|broadcasthost|ip6-.*)$/
/** Top-level names with a meaning of their own (`special-zones.ts`). */
const SPECIAL = /^(local|invalid|onion|alt|test|internal|arpa)$/

/** Longest text that is looked at; DHCP carries at most 255 bytes. */
const TEXT_MAX = 1024

/** What became of a host name. */
export type LeaseLabel =
  | { readonly kind: 'label'; readonly label: string }
  /** Nothing that could be a host name is in it; or it is one that nobody may take. */
  | { readonly kind: 'refused'; readonly reason: 'unusable' | 'reserved' }

/**
 * The first label of the name, with everything but letters, digits and `-` made a `-` (RFC 952, RFC 1123 §2.1). Letters beyond ASCII become an A-label.
 */
export function leaseLabel(text: string, domain: Name | undefined): LeaseLabel {
  const own = text.slice(0, TEXT_MAX).trim().toLowerCase().split('.', 1)[0] ?? ''
  // A label that is not ASCII is IDNA's to read; what it refuses is made of dashes like all else.
  const ascii = /[^\x00-\x7f]/.test(own) && /^[\p{L}\p{M}\p{N}-]+$/u.test(own) ? (parseName(own) ?? own) : own
  const label = ascii
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, LABEL_MAX)
    .replace(/^-+|-+$/g, '')
  if (label === '') return { kind: 'refused', reason: 'unusable' }
  const reserved = RESERVED.test(label) || SPECIAL.test(label) || label === domain
  return reserved ? { kind: 'refused', reason: 'reserved' } : { kind: 'label', label }
}
