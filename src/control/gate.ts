// Who may ask the HTTP API: the token, or else only what cannot come from somebody else's web page. Knows no framework.
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Address, addressBytes, type Endpoint, parseAddress, scopeOf } from '../base/address.ts'

/** What of a request decides. Header values as they came. */
export interface Asked {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
}

/** Why a request goes no further. */
export interface Refusal {
  readonly status: 401 | 403
  readonly code: 'ASKFIRST_E_HTTP_AUTH' | 'ASKFIRST_E_HTTP_REQUEST'
  readonly message: string
}

/** Decides for one request; undefined lets it through. */
export type Gate = (asked: Asked) => Refusal | undefined

/**
 * With a token: it, and nothing else, is asked for. Without one the API listens on loopback only, and two ways remain by
 * which a web page in a browser on this machine could reach it: a name of its own that it rebinds to 127.0.0.1, which
 * shows in `Host`, and a form sent across sites, which shows in `Origin` (Fetch Standard §3.1).
 */
export function gate(token: string | undefined, listen: readonly Endpoint[]): Gate {
  if (token !== undefined) {
    const right = digest(token)
    return ({ authorization }) => (isToken(authorization, right) ? undefined : NO_TOKEN)
  }
  const addresses = new Set(listen.map((endpoint) => endpoint.address))
  return ({ method, host, origin }) => {
    if (host === undefined || !isOwnHost(host, addresses)) return FOREIGN_HOST
    const reads = method === 'GET' || method === 'HEAD'
    return reads || origin === undefined || isOrigin(origin, host) ? undefined : FOREIGN_ORIGIN
  }
}

const NO_TOKEN: Refusal = {
  status: 401,
  code: 'ASKFIRST_E_HTTP_AUTH',
  message: 'send "Authorization: Bearer <token>" with the token of the configuration',
}
const FOREIGN_HOST: Refusal = {
  status: 403,
  code: 'ASKFIRST_E_HTTP_REQUEST',
  message: 'without a token, only requests for localhost or an address of this server are answered',
}
const FOREIGN_ORIGIN: Refusal = {
  status: 403,
  code: 'ASKFIRST_E_HTTP_REQUEST',
  message: 'a web page of another site may not change anything here',
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Compares digests, so that the time taken says nothing of the token's length or beginning. */
function isToken(authorization: string | undefined, right: Buffer): boolean {
  const given = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), right)
}

function isOwnHost(host: string, addresses: ReadonlySet<Address>): boolean {
  const name = (/^\[([^\]]+)\](?::\d+)?$/.exec(host) ?? /^([^:[\]]+)(?::\d+)?$/.exec(host))?.[1]?.toLowerCase()
  if (name === undefined) return false
  if (name === 'localhost' || name === 'localhost.') return true
  const address = parseAddress(name)
  if (address === undefined) return false
  return addresses.has(address) || scopeOf(addressBytes(address) as Uint8Array) === 'loopback'
}

function isOrigin(origin: string, host: string): boolean {
  const url = URL.parse(origin)
  return url !== null && url.host === host.toLowerCase()
}
