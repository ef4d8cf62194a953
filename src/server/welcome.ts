// The first minute: what listens where, what is blocked, who is asked, and the next two steps. Text from values.
import { type Address, addressBytes, type Endpoint, endpointText, scopeOf } from '../base/address.ts'
import { safeText } from '../base/text.ts'
import { type UpstreamPlace, upstreamText } from '../base/upstream-server.ts'
import type { ListInfo } from '../policy/decision.ts'
import type { ListeningAt } from '../threads/messages.ts'
import type { ReportSource } from './reports.ts'

/** What there is to tell. */
export interface Welcome {
  readonly version: string
  readonly listening: readonly ListeningAt[]
  readonly lists: readonly ListInfo[]
  readonly blocked: number
  readonly upstreams: readonly UpstreamPlace[]
  readonly reports: readonly ReportSource[]
  readonly http: readonly Endpoint[]
}

/** The lines, without colours, each at most 110 characters where lists of addresses are short. */
export function welcomeLines(about: Welcome): string[] {
  const address = houseAddress(about.listening)
  return [
    `askfirst ${about.version}`,
    `  answers     ${listeningText(about.listening)}`,
    `  blocks      ${blockingText(about)}`,
    `  forwards    ${about.upstreams.length === 0 ? 'nothing: no upstream is configured' : `to ${about.upstreams.map(shortText).join(', ')}`}`,
    `  reports     ${reportsText(about.reports)}; none has arrived yet`,
    `  figures     ${about.http.length === 0 ? 'not served: http.listen is empty' : about.http.map((at) => `http://${endpointText(at)}/api/v1/stats`).join(' ')}`,
    '',
    'Next:',
    `  1. Let DHCP hand out ${address} as the only DNS server; with dnsmasq: dhcp-option=option:dns-server,${address}`,
    '     (other DHCP servers: docs/dhcp.md)',
    `  2. Let the firewall report new connections to ${address} port ${reportPort(about.reports)}; with nftables, in the forward chain:`,
    '       ct state new log prefix "askfirst:ACCEPT:"',
    `     and with rsyslog: :msg, contains, "askfirst:" @${address}:${reportPort(about.reports)}   (other firewalls: docs/firewall.md)`,
  ]
}

/** The address that devices will use: the first one of the LAN, or what there is. */
export function houseAddress(listening: readonly ListeningAt[]): Address {
  const addresses = listening.map(({ endpoint }) => endpoint.address)
  const scope = (address: Address) => scopeOf(addressBytes(address) ?? new Uint8Array(4))
  const isIpv4 = (address: Address) => !address.includes(':')
  return (
    addresses.find((address) => isIpv4(address) && scope(address) === 'private') ??
    addresses.find((address) => isIpv4(address) && scope(address) === 'global') ??
    addresses.find((address) => !['loopback', 'link-local'].includes(scope(address))) ??
    addresses[0] ??
    '192.168.1.2'
  )
}

function listeningText(listening: readonly ListeningAt[]): string {
  const byPort = Map.groupBy(listening, ({ endpoint }) => endpoint.port)
  return [...byPort]
    .map(([port, all]) => {
      const kinds = [...new Set(all.map(({ kind }) => kind.toUpperCase()))].join(' and ')
      const addresses = [...new Set(all.map(({ endpoint }) => endpoint.address))]
      const shown = addresses.filter((address) => !address.startsWith('fe80'))
      const hidden = addresses.length - shown.length
      return `${shown.join(', ')}${hidden > 0 ? ` and ${hidden} link-local` : ''}, port ${port}, ${kinds}`
    })
    .join('; ')
}

function blockingText({ lists, blocked }: Welcome): string {
  const blocking = lists.filter(({ kind }) => kind === 'block')
  if (blocking.length === 0) return 'nothing: there is no list; put files into the folder blocklists/'
  const names = blocking.slice(0, 4).map(({ name }) => safeText(name, 40))
  const more = blocking.length > names.length ? ` and ${blocking.length - names.length} more` : ''
  const count = `${blocking.length} ${blocking.length === 1 ? 'list' : 'lists'}`
  return `${String(blocked).replace(THOUSANDS, ',')} names of ${count}: ${names.join(', ')}${more}`
}

const shortText = (place: UpstreamPlace): string =>
  place.transport === 'udp' && place.port === 53 ? place.host : upstreamText(place)

function reportsText(sources: readonly ReportSource[]): string {
  if (sources.length === 0) return 'no source: reports.syslog and reports.files are empty'
  const ports = (kind: 'udp' | 'tcp') =>
    new Set(sources.filter((source) => source.kind === kind).map(({ where }) => where))
  const syslog = (['udp', 'tcp'] as const).flatMap((kind) =>
    [...ports(kind)].map((port) => `${kind.toUpperCase()} ${port}`),
  )
  const others = sources
    .filter(({ kind }) => kind === 'file' || kind === 'stdin')
    .map(({ where }) => safeText(where, 60))
  return [syslog.length > 0 ? `syslog on ${syslog.join(', ')}` : '', ...others].filter((part) => part !== '').join('; ')
}

const reportPort = (sources: readonly ReportSource[]): string =>
  sources.find(({ kind }) => kind === 'udp')?.where ?? sources.find(({ kind }) => kind === 'tcp')?.where ?? '5514'

/** By hand: for `toLocaleString` Node would load its tables of all languages, over a megabyte. */
const THOUSANDS = /\B(?=(?:\d{3})+$)/g
