// The keys under `upstreams`. Knows no other key.
import { z } from 'zod'
import { BOUNDS, LENGTHS } from './bounds.ts'
import * as values from './values.ts'
import { certificateName, pin, upstream, zone } from './values-upstream.ts'

const forwardZone = z.strictObject({
  names: z
    .array(zone)
    .min(1)
    .max(LENGTHS.zones)
    .describe(
      'Domains such as home.arpa; a range such as 192.168.1.0/24 stands for the reverse names of its addresses.',
    ),
  servers: z.array(upstream).min(1).max(LENGTHS.servers).describe('Who knows them, such as the router.'),
})

const option = z.strictObject({
  server: upstream.describe('Which one, as it stands in a list of servers.'),
  addresses: z
    .array(values.address)
    .max(LENGTHS.addresses)
    .prefault([])
    .describe('The addresses of a server that is named by a name. Left out: looked up at the bootstrap resolvers.'),
  certificateName: certificateName
    .optional()
    .describe('The name that its certificate must have. Left out: the host of the URL.'),
  pins: z
    .array(pin)
    .max(LENGTHS.pins)
    .prefault([])
    .describe('SHA-256 of its public key. With pins they alone decide, and any certificate with such a key will do.'),
  trustAd: z
    .boolean()
    .default(false)
    .describe('It validates DNSSEC, and its word for it (the AD bit) is passed on. For tls, https and loopback only.'),
  weight: values.count(BOUNDS.upstreamWeight, 'Its share of the questions with "strategy: random".'),
})

/** Where questions go. */
export const upstreams = z.strictObject({
  servers: z
    .array(upstream)
    .max(LENGTHS.servers)
    .prefault(['9.9.9.9', '149.112.112.112', '1.1.1.1'])
    .describe(
      'The resolvers: an address for plain DNS, or a URL with tcp, tls (DoT) or https (DoH), such as tls://dns.quad9.net, tls://9.9.9.9#dns.quad9.net or https://dns.quad9.net/dns-query. With [] nothing is forwarded: only blocked and local names get an answer.',
    ),
  strategy: z
    .enum(['order', 'race', 'random'])
    .default('order')
    .describe(
      'Who is asked. order: the first that is up; race: the two quickest at once; random: by lot and weight. A further one is asked when an answer takes longer than usual.',
    ),
  fallback: z
    .array(upstream)
    .max(LENGTHS.servers)
    .prefault([])
    .describe('Resolvers that are asked only while none of "servers" answers.'),
  zones: z
    .array(forwardZone)
    .max(LENGTHS.zones)
    .prefault([])
    .meta({
      description: 'Domains that certain servers know. Such names are asked nowhere else, whatever happens.',
      examples: [[{ names: ['home.arpa', '192.168.1.0/24'], servers: ['192.168.1.1'] }]],
    }),
  bootstrap: z
    .array(values.server(53))
    .max(LENGTHS.servers)
    .prefault(['9.9.9.9', '149.112.112.112'])
    .describe('Where the names of upstreams themselves are looked up, over plain DNS; nothing else is asked there.'),
  options: z
    .array(option)
    .max(LENGTHS.options)
    .prefault([])
    .meta({
      description: 'More about single upstreams, in whatever list they stand.',
      examples: [[{ server: '9.9.9.9', weight: 3 }]],
    }),
  timeout: values.duration(BOUNDS.upstreamTimeout, 'How long one try may take.'),
  attempts: values.count(BOUNDS.upstreamAttempts, 'Tries for one question, over all servers.'),
  maxInFlight: values.count(BOUNDS.upstreamInFlight, 'Questions on their way to one server.'),
  idle: values.duration(BOUNDS.upstreamIdle, 'A connection without questions is closed after this.'),
})
