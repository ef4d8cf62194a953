// The part of the configuration that says how clients reach us. Knows no file.
import { z } from 'zod'
import { BOUNDS, LENGTHS } from './bounds.ts'
import * as values from './values.ts'
import { mustBe } from './words.ts'

/** `certificate` */
export const certificate = z.strictObject({
  name: values.domain
    .nullable()
    .prefault(null)
    .meta({
      description:
        'The name that devices know this machine by, such as dns.example.org. A device that asks as tv.dns.example.org is the client "tv". Needed for discovery (DDR).',
      examples: ['dns.home.arpa'],
    }),
  file: values.path
    .nullable()
    .default(null)
    .meta({
      description:
        'The certificate with its chain, PEM. A new one is taken when it is written, and no connection is cut. "askfirst cert" makes one.',
      examples: ['/etc/askfirst/tls/cert.pem'],
    }),
  key: values.path
    .nullable()
    .default(null)
    .meta({ description: 'Its private key, PEM, without a passphrase.', examples: ['/etc/askfirst/tls/key.pem'] }),
})

/** `access` */
export const access = z
  .array(
    z.strictObject({
      at: values.entrance.describe('An address of this machine; with a port for that port only.'),
      allowFrom: z.array(values.prefix).max(LENGTHS.ranges).describe('Who may ask there.'),
    }),
  )
  .max(LENGTHS.sockets)
  .prefault([])
  .meta({
    description:
      'Who may ask at single addresses of this machine, over every transport, instead of what "allowFrom", "tls.allowFrom" and "https.allowFrom" say, such as guests at the address of this machine in their network.',
    examples: [[{ at: '192.168.20.1', allowFrom: ['192.168.20.0/24'] }]],
  })

const allowFrom = (what: string) =>
  z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .nullable()
    .prefault(null)
    .describe(`Who may ask ${what}. null: as "allowFrom" says.`)

/** `tls` */
export const tls = z.strictObject({
  listen: z
    .array(values.listener(853))
    .max(LENGTHS.sockets)
    .prefault([])
    .describe(
      'Addresses for DNS over TLS, which Android calls Private DNS, such as ["0.0.0.0:853", "[::]:853"]; [] for none.',
    ),
  allowFrom: allowFrom('over TLS'),
})

/** `https` */
export const https = z.strictObject({
  listen: z
    .array(values.listener(443))
    .max(LENGTHS.sockets)
    .prefault([])
    .describe(
      'Addresses for DNS over HTTPS, such as ["0.0.0.0:443", "[::]:443"], at the path /dns-query or /dns-query/NAME-OF-CLIENT; [] for none.',
    ),
  plain: z
    .array(values.listener(8054))
    .max(LENGTHS.sockets)
    .prefault([])
    .describe(
      'Addresses for the same over plain HTTP, such as ["127.0.0.1:8054"], behind a reverse proxy that does the TLS; [] for none.',
    ),
  proxies: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault([])
    .meta({
      description:
        'Reverse proxies, by address or range, that are believed when they say who the client is (Forwarded or X-Forwarded-For). Only they may use "plain".',
      examples: [['127.0.0.1', '::1']],
    }),
  allowFrom: allowFrom('over HTTPS'),
})

/** `user` */
export const user = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/, { error: 'must be the name of a user of this machine, such as askfirst' })
  .nullable()
  .default(null)
  .meta({
    description:
      'Started as root, askfirst opens its ports and then becomes this user for good. The user must be able to read the configuration, the lists and the certificate, and to write to the state folder. null: it stays who it is.',
  })

const { min: fewest, max: most } = BOUNDS.threads

/** `threads` */
export const threads = z
  .union([
    z.int().min(fewest).max(most),
    z.literal('auto', { error: mustBe(`a number from ${fewest} to ${most}, or auto`) }),
  ])
  .default(BOUNDS.threads.default)
  .describe(
    `Threads that answer, each with a part of the cache. One answers 100,000 questions a second: a house needs no more. auto: one a processor but one, and at most four. From ${fewest} to ${most}; only Linux has more than one.`,
  )

/** `connections` */
export const connections = z.strictObject({
  most: values.count(
    BOUNDS.connections,
    'All together. Beyond it a new one takes the place of the one that has been quiet for longest.',
  ),
  perClient: values.count(BOUNDS.connectionsPerClient, 'Of one address; the same holds there.'),
  idle: values.duration(BOUNDS.connectionIdle, 'One that says nothing for so long is closed.'),
  proxyProtocol: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault([])
    .meta({
      description:
        'Load balancers, by address or range, that begin every connection with a PROXY header (version 1 or 2): it says who the client is. They must always send it; from all others none is taken.',
      examples: [['192.168.1.3']],
    }),
  proxyProtocolUdp: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault([])
    .meta({
      description:
        'Load balancers that begin every datagram with a PROXY header (version 2), such as dnsdist with "useProxyProtocol". An address in a datagram can be forged: name only machines whose packets nobody else can send.',
      examples: [['192.168.1.3']],
    }),
})
