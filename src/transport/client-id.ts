// The name that a client calls itself, in the TLS server name (`tv.dns.example`) or the path (`/dns-query/tv`). Text
// from strangers: what is not a plain label is no name. Knows no connection.

/** A label of letters, digits and hyphens (RFC 1123 §2.1). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** The client id that a text is; undefined where it is none. */
export function clientId(text: string): string | undefined {
  const id = text.toLowerCase()
  return LABEL.test(id) ? id : undefined
}

/** The one label in front of our own name, as a client id. */
export function idFromServerName(
  serverName: string | false | null | undefined,
  own: string | undefined,
): string | undefined {
  if (own === undefined || typeof serverName !== 'string' || serverName.length > 253) return undefined
  const name = serverName.toLowerCase()
  return name.endsWith(`.${own}`) ? clientId(name.slice(0, -own.length - 1)) : undefined
}
