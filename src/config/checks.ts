// What must hold between keys: rules that no single value can break. Knows neither the file nor its text.
import type { Address, Endpoint } from '../base/address.ts'
import { addressBytes, endpointText, scopeOf } from '../base/address.ts'
import { UPSTREAM_CHECKS } from './checks-upstreams.ts'
import type { Path } from './document.ts'
import type { Config } from './schema.ts'

/** Two values that do not go together, said of the one at `path`. */
export interface Conflict {
  readonly path: Path
  readonly message: string
  readonly hint: string
}

/** One rule between keys. */
export interface Check {
  /** The keys it looks at; it is not made where one of them is broken already. */
  readonly reads: readonly Path[]
  /** `local` are the addresses of this machine: what a wildcard listener listens on. */
  readonly find: (config: Config, local: readonly Address[]) => readonly Conflict[]
}

const LISTENERS: readonly (readonly [path: readonly string[], protocols: readonly string[]])[] = [
  [['listen'], ['UDP', 'TCP']],
  [['tls', 'listen'], ['TCP']],
  [['https', 'listen'], ['TCP']],
  [['https', 'plain'], ['TCP']],
  [['reports', 'syslog', 'udp'], ['UDP']],
  [['reports', 'syslog', 'tcp'], ['TCP']],
  [['http', 'listen'], ['TCP']],
]

/** Every rule between keys. */
export const CHECKS: readonly Check[] = [
  {
    reads: [
      ['blocking', 'answer'],
      ['blocking', 'addresses'],
    ],
    find: ({ blocking }) =>
      blocking.answer === 'addresses' && blocking.addresses.length === 0
        ? [
            {
              path: ['blocking', 'answer'],
              message: '"addresses" needs addresses to answer with, and blocking.addresses has none',
              hint: 'Write for example "addresses: [192.168.1.2]" below it, or take "answer: loopback".',
            },
          ]
        : [],
  },
  {
    reads: [
      ['http', 'listen'],
      ['http', 'token'],
    ],
    find: ({ http }) =>
      http.token !== null
        ? []
        : http.listen.flatMap((endpoint, i) =>
            scopeOf(addressBytes(endpoint.address) as Uint8Array) === 'loopback'
              ? []
              : [
                  {
                    path: ['http', 'listen', i],
                    message: `${endpointText(endpoint)} can be reached from other machines, and http.token is not set`,
                    hint: 'Make a token with "openssl rand -hex 24" and write it as http.token, or listen on 127.0.0.1.',
                  },
                ],
          ),
  },
  ...UPSTREAM_CHECKS,
  ...(['tls', 'https'] as const).map(
    (section): Check => ({
      reads: [[section, 'listen'], ['certificate']],
      find: ({ [section]: { listen }, certificate }) =>
        listen.length === 0 || (certificate.file !== null && certificate.key !== null)
          ? []
          : [
              {
                path: [section, 'listen'],
                message: 'needs a certificate, and certificate.file or certificate.key is not set',
                hint: 'Make one with "askfirst cert", or name the files that your ACME client writes.',
              },
            ],
    }),
  ),
  {
    reads: [
      ['https', 'plain'],
      ['https', 'proxies'],
    ],
    find: ({ https }) =>
      https.plain.length === 0 || https.proxies.length > 0
        ? []
        : [
            {
              path: ['https', 'plain'],
              message: 'is for reverse proxies, and https.proxies names none',
              hint: 'Write for example "proxies: [127.0.0.1]" below it.',
            },
          ],
  },
  {
    reads: [['records'], ['rewrites']],
    find: ({ records, rewrites }) =>
      [...rewrites.keys()]
        .filter((name) => records.some((record) => record.name === name))
        .map((name) => ({
          path: ['rewrites', name],
          message: `${name} stands under records too, which would win`,
          hint: 'Keep one of the two.',
        })),
  },
  { reads: LISTENERS.map(([path]) => path), find: clashes },
  { reads: [['groups'], ['schedules'], ['blocking', 'lists']], find: groupFaults },
  {
    reads: [
      ['cache', 'minTtl'],
      ['cache', 'maxTtl'],
    ],
    find: ({ cache }) =>
      cache.minTtl <= cache.maxTtl
        ? []
        : [
            {
              path: ['cache', 'minTtl'],
              message: 'must not be longer than cache.maxTtl',
              hint: 'Leave it at 0s unless you know why.',
            },
          ],
  },
]

/** Groups and schedules are named once each, and a schedule that a group names is there. */
function groupFaults({ groups, schedules, blocking }: Config): Conflict[] {
  const found: Conflict[] = []
  for (const [key, items] of [
    ['groups', groups],
    ['schedules', schedules],
  ] as const) {
    items.forEach(({ name }, i) => {
      if (items.findIndex((item) => item.name === name) < i) {
        found.push({ path: [key, i, 'name'], message: `${name} stands twice`, hint: 'Give each a name of its own.' })
      }
    })
  }
  groups.forEach(({ schedule, safeSearch, blocking: own }, i) => {
    if (schedule !== undefined && !schedules.some(({ name }) => name === schedule)) {
      const hint = 'Write it under "schedules".'
      found.push({ path: ['groups', i, 'schedule'], message: `there is no schedule ${schedule}`, hint })
    }
    if (safeSearch.includes('youtube') && safeSearch.includes('youtube-moderate')) {
      const message = 'youtube and youtube-moderate are one or the other'
      found.push({ path: ['groups', i, 'safeSearch'], message, hint: 'Remove one of the two.' })
    }
    if (own !== undefined) found.push(...answerFaults(own, ['groups', i, 'blocking', 'answer']))
  })
  blocking.lists.forEach((item, i) => void found.push(...answerFaults(item, ['blocking', 'lists', i, 'answer'])))
  return found
}

const answerFaults = (
  { answer, addresses }: { readonly answer: string; readonly addresses: readonly Address[] },
  path: Path,
): Conflict[] =>
  answer === 'addresses' && addresses.length === 0
    ? [
        {
          path,
          message: '"addresses" needs addresses to answer with, and there are none',
          hint: 'Write for example "addresses: [192.168.1.2]" below it, or take "answer: loopback".',
        },
      ]
    : []

/** Listeners that want the same port: the same address twice, or an address that a wildcard takes in already. */
function clashes(config: Config): Conflict[] {
  const found: Conflict[] = []
  const earlier: { path: Path; entry: Endpoint; protocols: readonly string[] }[] = []
  for (const [path, protocols] of LISTENERS) {
    for (const [i, entry] of listenersAt(config, path).entries()) {
      const own = [...path, i]
      const other = earlier.find(
        (one) => one.protocols.some((protocol) => protocols.includes(protocol)) && overlap(one.entry, entry),
      )
      if (other !== undefined) {
        const both = other.protocols.filter((protocol) => protocols.includes(protocol)).join(' and ')
        found.push({
          path: own,
          message: `${endpointText(entry)} is taken for ${both} by ${endpointText(other.entry)} in ${other.path.slice(0, -1).join('.')}`,
          hint: 'Remove one of the two, or give it another port.',
        })
      }
      earlier.push({ path: own, entry, protocols })
    }
  }
  return found
}

function listenersAt(config: Config, path: readonly string[]): readonly Endpoint[] {
  let value: unknown = config
  for (const step of path) value = (value as Record<string, unknown>)[step]
  return value as readonly Endpoint[]
}

// Port 0 is a port of the system's choice, so it never clashes.
const overlap = (a: Endpoint, b: Endpoint): boolean =>
  a.port === b.port &&
  a.port !== 0 &&
  a.address.includes(':') === b.address.includes(':') &&
  (a.address === b.address || isWildcard(a.address) || isWildcard(b.address))

const isWildcard = (address: Address): boolean => address === '0.0.0.0' || address === '::'
