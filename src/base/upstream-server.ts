// Where an upstream is and how it is spoken with: from the text that people write, and back. Knows no socket.
import {
  type Address,
  addressBytes,
  type Endpoint,
  endpointText,
  parseAddress,
  parseEndpoint,
  scopeOf,
} from './address.ts'
import { type Name, parseName } from './name.ts'

/** How questions travel to an upstream: plain (RFC 1035, RFC 7766), over TLS (RFC 7858), in HTTPS (RFC 8484). */
export type UpstreamTransport = 'udp' | 'tcp' | 'tls' | 'https'

/** An upstream as its text says. */
export interface UpstreamPlace {
  readonly transport: UpstreamTransport
  /** An address; for `tls` and `https` it may be a name. */
  readonly host: Address | Name
  readonly port: number
  /** Of `https`: `/dns-query`. Empty for all others. */
  readonly path: string
  /** The name that the certificate must have, where it is another than the host: `tls://192.0.2.1#dns.example`. */
  readonly certificateName: Name | undefined
}

/** An upstream with all that is said about it. */
export interface UpstreamServer extends UpstreamPlace {
  /** Addresses of a host that is a name; none: they are looked up at the bootstrap resolvers. */
  readonly addresses: readonly Address[]
  /** SHA-256 of public keys (SPKI), base64 (RFC 7858 §4.2). With pins they alone decide whom we trust. */
  readonly pins: readonly string[]
  /** Its AD bit is believed: it validates, and the way to it is authenticated. */
  readonly trustAd: boolean
  /** Its share of the questions under the strategy `random`. */
  readonly weight: number
}

const PORTS: Readonly<Record<UpstreamTransport, number>> = { udp: 53, tcp: 53, tls: 853, https: 443 }

/** RFC 8484 §4.1.1 leaves the path to the server; this one is usual. */
const USUAL_PATH = '/dns-query'

/** Reads `9.9.9.9`, `[2620:fe::fe]:53`, `tcp://…`, `tls://dns.quad9.net`, `https://dns.quad9.net/dns-query`; or says what is wrong. */
export function parseUpstream(text: string): UpstreamPlace | { readonly problem: string } {
  const match = /^(?:(udp|tcp|tls|https):\/\/)?([^/#?\s%]+)(\/[^#\s]*)?(?:#([^\s]+))?$/.exec(text)
  if (match === null) return { problem: 'an address or a URL that begins with udp, tcp, tls or https' }
  const [, scheme = 'udp', where = '', path, named] = match
  const transport = scheme as UpstreamTransport
  const secure = transport === 'tls' || transport === 'https'
  const at = parseEndpoint(where, PORTS[transport]) ?? (secure ? namedHost(where, PORTS[transport]) : undefined)
  if (at === undefined) {
    return {
      problem: secure
        ? 'a host: an address or a name'
        : 'an address: only tls and https can prove that a name leads to the right one',
    }
  }
  if (at.port === 0) return { problem: 'a port from 1 to 65535' }
  const bytes = addressBytes(at.address)
  const scope = bytes === undefined ? 'global' : scopeOf(bytes)
  if (scope === 'unspecified' || scope === 'multicast' || scope === 'broadcast')
    return { problem: 'the address of one machine' }
  if (path !== undefined && path !== '/' && transport !== 'https')
    return { problem: 'without a path: only https has one' }
  const certificateName = named === undefined ? undefined : hostName(named)
  if (named !== undefined && (certificateName === undefined || !secure))
    return { problem: 'with "#name" for tls and https only, and a name behind it' }
  return {
    transport,
    host: at.address,
    port: at.port,
    path: transport === 'https' ? (path === undefined || path === '/' ? USUAL_PATH : path) : '',
    certificateName,
  }
}

/** The canonical text of an upstream: what it is called in figures, logs and the journal. */
export function upstreamText({ transport, host, port, path, certificateName }: UpstreamPlace): string {
  const isAddress = parseAddress(host) !== undefined
  if (transport === 'udp') return endpointText({ address: host, port })
  const bare = host.includes(':') ? `[${host}]` : host
  const where = port === PORTS[transport] ? bare : isAddress ? endpointText({ address: host, port }) : `${host}:${port}`
  return `${transport}://${where}${path}${certificateName === undefined ? '' : `#${certificateName}`}`
}

/** An upstream of which nothing more is said than where it is. */
export const plainServer = (place: UpstreamPlace): UpstreamServer => ({
  ...place,
  addresses: [],
  pins: [],
  trustAd: false,
  weight: 1,
})

/** A plain upstream over UDP. */
export const udpServer = ({ address, port }: Endpoint): UpstreamServer =>
  plainServer({ transport: 'udp', host: address, port, path: '', certificateName: undefined })

/** Whether nobody can stand between us and it unseen: TLS that we verify, or this machine itself. */
export const isAuthenticated = ({ transport, host }: UpstreamPlace): boolean =>
  transport === 'tls' || transport === 'https' || isLoopback(host)

function isLoopback(host: string): boolean {
  const bytes = addressBytes(host)
  return bytes !== undefined && scopeOf(bytes) === 'loopback'
}

function namedHost(text: string, defaultPort: number): Endpoint | undefined {
  const match = /^([^:[\]]+)(?::(\d{1,5}))?$/.exec(text)
  const name = hostName(match?.[1] ?? '')
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  return name === undefined || port > 65_535 ? undefined : { address: name, port }
}

/** A name that a certificate can have (RFC 1123 §2.1); a wrong address is none. */
function hostName(text: string): Name | undefined {
  const name = parseName(text)
  if (name === undefined || !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name) || /(^|\.)\d+$/.test(name)) return undefined
  return name
}
