// The configuration: every key, its default, its bounds and what it is for. The JSON schema, the default file's
// comments and the docs come from here. Knows no file.
// Long because it is the one place of every key, in the order of the file.
import { z } from 'zod'
import { PRIVATE_RANGES, prefixText } from '../base/address.ts'
import { CANARIES } from '../names/special-zones.ts'
import { BOUNDS, LENGTHS } from './bounds.ts'
import { records } from './records.ts'
import * as names from './rewrites.ts'
import { cache } from './schema-cache.ts'
import { listFormat, listSubdomains, listUrl, updates } from './schema-downloads.ts'
import { edns, identity } from './schema-edns.ts'
import { blockAnswer, groups, listAnswers, schedules } from './schema-groups.ts'
import { limits } from './schema-limits.ts'
import { access, certificate, connections, https, threads, tls, user } from './schema-serving.ts'
import { upstreams } from './schema-upstreams.ts'
import * as values from './values.ts'

const privateRanges = PRIVATE_RANGES.map(prefixText)

const blocking = z.strictObject({
  ...blockAnswer,
  lists: listAnswers,
})

const listFile = z.strictObject({
  path: values.path.describe('The file, relative to this configuration file.'),
  kind: z.enum(['block', 'allow']).default('block').describe('Allowlists win over blocklists.'),
  format: listFormat,
  subdomains: listSubdomains,
})

const lists = z.strictObject({
  folder: values.path
    .nullable()
    .default('../blocklists')
    .describe(
      'Every file in this folder is loaded; one with "allow" as a word in its name is an allowlist. null for no folder.',
    ),
  files: z
    .array(listFile)
    .max(LENGTHS.files)
    .default([])
    .meta({
      description: 'List files that lie elsewhere.',
      examples: [[{ path: '/srv/lists/school.txt', kind: 'block' }]],
    }),
  urls: z
    .array(listUrl)
    .max(LENGTHS.files)
    .prefault([])
    .meta({
      description: 'Lists on the web: fetched, kept on disk, and kept current.',
      examples: [[{ url: 'https://lists.example.com/ads.txt' }]],
    }),
  updates: updates.prefault({}).describe('How those are kept current.'),
  block: z
    .array(values.rule)
    .max(LENGTHS.rules)
    .default([])
    .meta({
      description: 'Rules that stand here, in any list format.',
      examples: [['ads.example.com', '*.tracker.example']],
    }),
  allow: z
    .array(values.rule)
    .max(LENGTHS.rules)
    .default([])
    .meta({ description: 'Exceptions that stand here, in any list format.', examples: [['shop.example.com']] }),
})

const syslog = z.strictObject({
  udp: z
    .array(values.listener(5514))
    .max(LENGTHS.sockets)
    .prefault(['0.0.0.0:5514', '[::]:5514'])
    .describe('Addresses for syslog over UDP; [] for none.'),
  tcp: z
    .array(values.listener(5514))
    .max(LENGTHS.sockets)
    .prefault(['0.0.0.0:5514', '[::]:5514'])
    .describe('Addresses for syslog over TCP; [] for none.'),
  allowFrom: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault(privateRanges)
    .describe('The machines that may send, by address or range; lines of all others are dropped and counted.'),
})

const reports = z.strictObject({
  syslog: syslog.prefault({}).describe('Reports that firewalls send over the network.'),
  files: z
    .array(values.path)
    .max(LENGTHS.files)
    .default([])
    .meta({
      description: 'Log files that are followed, through rotation.',
      examples: [['/var/log/ulog/syslogemu.log']],
    }),
  timeZone: values.timeZone
    .prefault('local')
    .describe('The zone of log stamps that name none, such as Europe/Berlin; "local" is the zone of this machine.'),
})

const evidence = z.strictObject({
  window: values.duration(
    BOUNDS.evidenceWindow,
    'How long an answer explains a connection after its lifetime (TTL) has run out: programs keep addresses.',
  ),
  holdBack: values.duration(
    BOUNDS.holdBack,
    'How long a report waits before it is judged: answers and log lines arrive out of order.',
  ),
  learning: values.duration(BOUNDS.learning, 'After the first start, nothing is called direct-ip for this long.'),
  deviceLearning: values.duration(BOUNDS.deviceLearning, 'The same for each new device.'),
})

const devices = z.strictObject({
  leases: z
    .array(values.path)
    .max(LENGTHS.files)
    .default([])
    .meta({
      description:
        'Lease files of dnsmasq, ISC dhcpd, Kea, libvirt or AdGuard Home: they name devices, here and in the DNS.',
      examples: [['/var/lib/misc/dnsmasq.leases']],
    }),
  names: values
    .namesByMac(LENGTHS.names)
    .meta({ description: 'Your own names for devices, by MAC.', examples: [{ '02:00:5e:10:00:01': 'television' }] }),
  neighbours: z
    .boolean()
    .default(true)
    .describe('Read the neighbour table of this machine, which tells which MAC has which address.'),
})

const exemption = z
  .strictObject({
    to: z
      .array(values.prefix)
      .min(1)
      .max(LENGTHS.ranges)
      .optional()
      .describe('Destination addresses or ranges. Left out: any.'),
    from: z
      .array(values.prefix)
      .min(1)
      .max(LENGTHS.ranges)
      .optional()
      .describe('Devices, by address or range. Left out: any.'),
    mac: z.array(values.mac).min(1).max(LENGTHS.ranges).optional().describe('Devices, by MAC. Left out: any.'),
    protocol: z.enum(['tcp', 'udp']).optional().describe('The protocol. Left out: any.'),
    port: z.int().min(1).max(65_535).optional().describe('The destination port. Left out: any.'),
    because: z.string().min(1).max(200).describe('The reason; it is shown with every verdict that it explains.'),
  })
  .refine((rule) => Object.keys(rule).length > 1, {
    error: 'would exempt every connection: give at least one of to, from, mac, protocol, port',
  })
  .meta({ minProperties: 2 })

const special = z.strictObject({
  canaries: z
    .array(names.name)
    .max(LENGTHS.zones)
    .prefault([...CANARIES])
    .describe(
      'Names by which Firefox and iCloud Private Relay ask whether they may pass this resolver by. Each is answered "no such name", which asks them not to; [] lets them.',
    ),
  forward: z
    .array(names.name)
    .max(LENGTHS.zones)
    .prefault([])
    .meta({
      description:
        'Special zones that are asked outside all the same. All others (test, local, internal, reverse zones of private addresses and so on) never leave the house; docs/names.md lists them.',
      examples: [['test', '168.192.in-addr.arpa']],
    }),
})

const dns64 = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe('Give names that have no IPv6 address one that leads through NAT64 (RFC 6147). Needs a NAT64 router.'),
  prefix: names.nat64Prefix,
  exceptClients: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault([])
    .describe('Devices that have IPv4 and need no such addresses, by address or range.'),
  exceptNames: z
    .array(names.name)
    .max(LENGTHS.zones)
    .prefault([])
    .describe('Names that get no such addresses, with all under them.'),
})

const rebinding = z.strictObject({
  protect: z
    .boolean()
    .default(false)
    .describe(
      'Refuse answers from outside that lead to addresses of a house: a web page could talk to your devices that way.',
    ),
  except: z
    .array(names.name)
    .max(LENGTHS.zones)
    .prefault([])
    .meta({
      description:
        'Names that may lead inside, with all under them. Your own records and zones with an upstream of their own always may.',
      examples: [['plex.direct']],
    }),
})

const http = z.strictObject({
  listen: z
    .array(values.listener(8053))
    .max(LENGTHS.sockets)
    .prefault(['127.0.0.1:8053'])
    .describe('Addresses of the API; [] for none. Wider than loopback only with a token.'),
  token: values.secret
    .nullable()
    .default(null)
    .describe('The secret that clients send as "Authorization: Bearer <token>". Make one with: openssl rand -hex 24'),
})

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least severe line that is written.'),
})

/** The whole configuration. Every key has a default: an empty file is a working one. */
export const configSchema = z
  .strictObject({
    listen: z
      .array(values.listener(53))
      .min(1)
      .max(LENGTHS.sockets)
      .prefault(['0.0.0.0:53', '[::]:53'])
      .describe(
        'Addresses that DNS is served on, over UDP and TCP. 0.0.0.0 and [::] mean every address of this machine.',
      ),
    allowFrom: z
      .array(values.prefix)
      .max(LENGTHS.ranges)
      .prefault(privateRanges)
      .describe(
        'Who may ask. Everybody else is refused: keep it to your own networks, or this becomes an open resolver.',
      ),
    access,
    upstreams: upstreams
      .prefault({})
      .describe('The resolvers that all names go to which are neither blocked nor local.'),
    records: records
      .describe(
        'The names of your house and what stands at each: an address, a list of them, another name, or a record such as "MX 10 mail.home.arpa"; "*." before a name takes in all under it. Reverse names follow by themselves.',
      )
      .meta({
        examples: [
          {
            'nas.home.arpa': ['192.168.1.10', 'fd00::10'],
            'media.home.arpa': 'nas.home.arpa',
            '_ipp._tcp.home.arpa': { type: 'SRV', port: 631, target: 'printer.home.arpa' },
          },
        ],
      }),
    hosts: z
      .array(values.path)
      .max(LENGTHS.files)
      .default([])
      .meta({
        description: 'Hosts files: their names are answered too. Edits take effect at once.',
        examples: [['/etc/hosts']],
      }),
    rewrites: names.rewrites.meta({
      description:
        'Names that are answered otherwise than outside: with addresses (a family that has none gets no address), another name, or nxdomain; "*." before a name takes in all under it, and not the name itself.',
      examples: [
        { 'www.example.com': '192.168.1.10', '*.dev.example.com': ['192.168.1.20'], 'gone.example.com': 'nxdomain' },
      ],
    }),
    special: special.prefault({}).describe('Names that mean something of their own and are answered here.'),
    dns64: dns64.prefault({}).describe('IPv6 addresses for names that have IPv4 only.'),
    rebinding: rebinding.prefault({}).describe('Names from outside that lead into the house.'),
    blocking: blocking.prefault({}).describe('What devices are told when they ask for a blocked name.'),
    lists: lists.prefault({}).describe('Which names are blocked. Edits of these files take effect at once.'),
    cache: cache.prefault({}).describe('Answers that are kept, so that they need not be fetched again.'),
    udpSize: values.count(
      BOUNDS.udpSize,
      'The largest UDP reply in bytes; a larger one is cut and asked again over TCP.',
    ),
    threads,
    tls: tls.prefault({}).describe('DNS over TLS. Needs a certificate.'),
    https: https.prefault({}).describe('DNS over HTTPS. Needs a certificate, or a reverse proxy that has one.'),
    certificate: certificate.prefault({}).describe('Who we are over TLS and HTTPS.'),
    connections: connections.prefault({}).describe('Connections of clients, over all transports but UDP.'),
    edns: edns.prefault({}).describe('How extensions in questions (EDNS options) are taken.'),
    identity: identity
      .prefault({})
      .describe('What this server tells of itself to those who ask for it. null: nothing; such questions are refused.'),
    limits: limits
      .prefault({})
      .describe(
        'How much one address may ask. A busy house meets none of these; who does is limited and named in the log.',
      ),
    reports: reports.prefault({}).describe('Where the reports of outgoing connections come from.'),
    evidence: evidence.prefault({}).describe('When a connection counts as explained by an answer that we gave.'),
    devices: devices.prefault({}).describe('How devices are told apart and named.'),
    groups,
    schedules,
    network: z
      .strictObject({
        inside: z
          .array(values.prefix)
          .max(LENGTHS.ranges)
          .prefault(privateRanges)
          .describe(
            'The ranges of your own network. Other IPv6 addresses of a device that has one of these are inside too.',
          ),
        domain: names.name
          .nullable()
          .prefault('home.arpa')
          .describe(
            'The domain of your house: devices with a lease and short names of hosts files get a name in it, and what has none there does not exist. null for no domain.',
          ),
        ttl: values.duration(BOUNDS.localTtl, 'How long devices may keep the names of your house.'),
      })
      .prefault({})
      .describe('What is inside and what is outside, and what the house is called.'),
    exempt: z
      .array(exemption)
      .max(LENGTHS.exemptions)
      .prefault([])
      .meta({
        description: 'Connections that are not judged, each with its reason.',
        examples: [[{ to: ['203.0.113.7'], protocol: 'udp', port: 51_820, because: 'our VPN' }]],
      }),
    http: http.prefault({}).describe('The HTTP API, the metrics and the health check.'),
    log: log.prefault({}).describe('What is logged.'),
    user: user,
    rules: values.path
      .default('rules.yaml')
      .describe(
        'The file for what is given at run time: rules, names of devices, pauses, bonus minutes; made when there is something to write. The user that runs askfirst must be able to write it and its folder.',
      ),
    state: values.path
      .default('../state')
      .describe('The folder for what must outlive a restart: the evidence, and the compiled lists.'),
  })
  .meta({
    title: 'askfirst configuration',
    description: 'Every key has a default; an empty file is a working configuration.',
  })

/** The configuration as it is used: durations as numbers, addresses canonical, every default filled in. */
export type Config = z.output<typeof configSchema>
/** The configuration as people write it. */
export type ConfigInput = z.input<typeof configSchema>
