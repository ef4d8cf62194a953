// What must hold between the keys under `upstreams`, and between them and `listen`. Knows neither the file nor its text.
import { type Address, endpointText, parseAddress } from '../base/address.ts'
import { isAuthenticated, type UpstreamPlace, upstreamText } from '../base/upstream-server.ts'
import type { Check, Conflict } from './checks.ts'
import type { Path } from './document.ts'
import type { Config } from './schema.ts'

/** The rules. */
export const UPSTREAM_CHECKS: readonly Check[] = [
  { reads: [['listen'], ['upstreams'], ['groups']], find: circles },
  { reads: [['upstreams'], ['groups']], find: strayOptions },
  { reads: [['upstreams']], find: ({ upstreams }) => untrustworthy(upstreams) },
  { reads: [['upstreams', 'zones']], find: ({ upstreams }) => zonesTwice(upstreams) },
]

interface Placed {
  readonly path: Path
  readonly place: UpstreamPlace
}

type Servers = Pick<Config, 'upstreams' | 'groups'>

/** Every server, in whatever list it stands. */
const allServers = ({ upstreams: { servers, fallback, zones }, groups }: Servers): readonly Placed[] => [
  ...servers.map((place, i) => ({ path: ['upstreams', 'servers', i], place })),
  ...fallback.map((place, i) => ({ path: ['upstreams', 'fallback', i], place })),
  ...zones.flatMap((zone, z) =>
    zone.servers.map((place, i) => ({ path: ['upstreams', 'zones', z, 'servers', i], place })),
  ),
  ...groups.flatMap((group, g) => group.upstreams.map((place, i) => ({ path: ['groups', g, 'upstreams', i], place }))),
]

function circles({ listen, upstreams, groups }: Config, local: readonly Address[]): readonly Conflict[] {
  const bootstrap = upstreams.bootstrap.map(({ address, port }, i) => ({
    path: ['upstreams', 'bootstrap', i],
    place: { transport: 'udp', host: address, port, path: '', certificateName: undefined } as const,
  }))
  return [...allServers({ upstreams, groups }), ...bootstrap].flatMap(({ path, place }) => {
    const isPlain = place.transport === 'udp' || place.transport === 'tcp'
    const own = listen.find((entry) => entry.port === place.port && hears(entry.address, place.host, local))
    if (!isPlain || own === undefined) return []
    return [
      {
        path,
        message: `${upstreamText(place)} is askfirst itself (listen: ${endpointText(own)}): questions would go in a circle`,
        hint: 'Name another resolver. One on this machine must use another port, such as 127.0.0.1:5335.',
      },
    ]
  })
}

function strayOptions({ upstreams, groups }: Config): readonly Conflict[] {
  const known = new Set(allServers({ upstreams, groups }).map(({ place }) => upstreamText(place)))
  const seen = new Set<string>()
  return upstreams.options.flatMap(({ server }, i) => {
    const text = upstreamText(server)
    const path = ['upstreams', 'options', i, 'server']
    const twice = seen.has(text)
    seen.add(text)
    if (twice)
      return [{ path, message: `${text} has options already`, hint: 'Put all options of a server in one item.' }]
    if (known.has(text)) return []
    return [
      {
        path,
        message: `${text} stands in no list of servers`,
        hint: `Write it as it stands there: ${[...known].slice(0, 5).join(', ') || 'there is none yet'}.`,
      },
    ]
  })
}

/** An AD bit that anybody on the way can set proves nothing (RFC 4035 §4.9.3). */
const untrustworthy = ({ options }: Config['upstreams']): readonly Conflict[] =>
  options.flatMap(({ server, trustAd }, i) =>
    !trustAd || isAuthenticated(server)
      ? []
      : [
          {
            path: ['upstreams', 'options', i, 'trustAd'],
            message: `${upstreamText(server)} is asked in the open: anybody on the way could claim that an answer is authentic`,
            hint: 'Ask it by tls or https, or leave trustAd out.',
          },
        ],
  )

function zonesTwice({ zones }: Config['upstreams']): readonly Conflict[] {
  const seen = new Set<string>()
  return zones.flatMap((zone, z) =>
    zone.names.flatMap((names, i) => {
      const twice = names.find((name) => seen.has(name))
      for (const name of names) seen.add(name)
      if (twice === undefined) return []
      const path = ['upstreams', 'zones', z, 'names', i]
      return [{ path, message: `${twice} stands twice`, hint: 'Name all its servers in one item.' }]
    }),
  )
}

/** Whether what is sent to `target` arrives at a listener on `listening`. */
const hears = (listening: Address, target: string, local: readonly Address[]): boolean =>
  parseAddress(target) !== undefined &&
  (listening === target ||
    (isWildcard(listening) && listening.includes(':') === target.includes(':') && isOwn(target, local)))

const isWildcard = (address: Address): boolean => address === '0.0.0.0' || address === '::'

const isOwn = (address: Address, local: readonly Address[]): boolean =>
  address === '127.0.0.1' || address === '::1' || local.includes(address)
