// The house on paper: its addresses and the configuration texts of its servers. Pure; starts and writes nothing.

/** Every fixed address of a house. All are private or reserved for documentation, and stay inside the namespaces. */
export const PLAN = {
  /** The gateway's LAN side, which is where askfirst listens and what DHCP hands out as DNS server. */
  gateway: { ipv4: '192.168.77.1', ipv6: '2001:db8:77::1' },
  lan: { ipv4: '192.168.77.0/24', ipv6: '2001:db8:77::/64' },
  /** The gateway's WAN side. */
  wan: { ipv4: '203.0.113.1', ipv6: '2001:db8:ff::1' },
  /** The gateway's next hop outside; what it has no route for it calls unreachable at once. */
  provider: { ipv4: '203.0.113.254', ipv6: '2001:db8:ff::fe' },
  /** The authoritative server outside, which askfirst takes as its upstream. */
  dns: { ipv4: '203.0.113.53', ipv6: '2001:db8:ff::53' },
  /** web.example.test */
  web: { ipv4: '203.0.113.80', ipv6: '2001:db8:ff::80' },
  /** other.example.test */
  other: { ipv4: '203.0.113.81', ipv6: '2001:db8:ff::81' },
  /** blocked.example.test, and cloaked.example.test by a CNAME */
  blocked: { ipv4: '203.0.113.66', ipv6: '2001:db8:ff::66' },
  /** A web server that no name leads to. */
  bare: { ipv4: '203.0.113.99', ipv6: '2001:db8:ff::99' },
} as const

/** The records of the world outside; `records` are more of them, in zone file form with full names. */
export const zones = (records: readonly string[]): { readonly root: string; readonly example: string } => {
  const soa = (zone: string) => [
    `${zone} 300 IN SOA ns.example.test. hostmaster.example.test. 1 7200 3600 1209600 60`,
    `${zone} 300 IN NS ns.example.test.`,
  ]
  const isExample = (record: string) => /^(\S+\.)?example\.test\.\s/i.test(record)
  const example = [
    ...soa('example.test.'),
    `ns.example.test. 300 IN A ${PLAN.dns.ipv4}`,
    `ns.example.test. 300 IN AAAA ${PLAN.dns.ipv6}`,
    `web.example.test. 300 IN A ${PLAN.web.ipv4}`,
    `web.example.test. 300 IN AAAA ${PLAN.web.ipv6}`,
    `other.example.test. 300 IN A ${PLAN.other.ipv4}`,
    `six.example.test. 300 IN AAAA ${PLAN.web.ipv6}`,
    `brief.example.test. 1 IN A ${PLAN.other.ipv4}`,
    'alias.example.test. 300 IN CNAME web.example.test.',
    `blocked.example.test. 300 IN A ${PLAN.blocked.ipv4}`,
    `blocked.example.test. 300 IN AAAA ${PLAN.blocked.ipv6}`,
    'cloaked.example.test. 300 IN CNAME blocked.example.test.',
    // 16 octets a record: 120 of them fit neither 512 nor 1232 octets, so UDP must be truncated.
    ...range(120, (n) => `many.example.test. 300 IN A 198.51.100.${n + 1}`),
    ...range(20, (n) => `large.example.test. 300 IN TXT "${String(n).padStart(3, '0')}${'x'.repeat(197)}"`),
    ...records.filter(isExample),
  ]
  // Everything else is NXDOMAIN, as the root would have it, and not REFUSED.
  const root = [...soa('.'), ...records.filter((record) => !isExample(record))]
  return { root: `${root.join('\n')}\n`, example: `${example.join('\n')}\n` }
}

/** nsd.conf; `folder` holds the zone files and takes everything that nsd writes. */
export const nsdConf = (folder: string): string => `
server:
  ip-address: ${PLAN.dns.ipv4}
  ip-address: ${PLAN.dns.ipv6}
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: "${folder}"
  pidfile: "${folder}/nsd.pid"
  xfrdfile: "${folder}/nsd.xfrd"
  xfrdir: "${folder}"
  zonelistfile: "${folder}/nsd.zones"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
zone:
  name: "example.test"
  zonefile: "example.zone"
`

/** dnsmasq.conf: a DHCP server and nothing else. */
export const dnsmasqConf = (lan: string, leaseFile: string): string => `
port=0
interface=${lan}
bind-interfaces
except-interface=lo
user=root
group=root
pid-file=
log-facility=-
log-dhcp
dhcp-authoritative
no-ping
dhcp-leasefile=${leaseFile}
dhcp-range=192.168.77.100,192.168.77.199,255.255.255.0,12h
dhcp-option=option:router,${PLAN.gateway.ipv4}
dhcp-option=option:dns-server,${PLAN.gateway.ipv4}
`

/** The rules of the gateway's firewall: each new connection from the LAN is let through, with a line in the kernel log. */
export const nftRules = (
  lan: string,
  wan: string,
  options: { readonly logPrefix: string; readonly nat: boolean },
): string => `
table inet house {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${lan}" oifname "${wan}" ct state new log prefix "${options.logPrefix}" level info
  }
${
  options.nat
    ? `  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${wan}" masquerade
  }
`
    : ''
}}
`

/** How rsyslog writes a line that it forwards. */
export type SyslogForm = 'rfc3164' | 'rfc5424' | 'iso'

const TEMPLATE_OF: Readonly<Record<SyslogForm, string>> = {
  rfc3164: 'RSYSLOG_TraditionalForwardFormat',
  rfc5424: 'RSYSLOG_SyslogProtocol23Format',
  iso: 'RSYSLOG_ForwardFormat',
}

/** Where rsyslog sends the firewall's lines. */
export interface SyslogTarget {
  /** Default 127.0.0.1, which is the gateway itself. */
  readonly address?: string
  /** Default 5514. */
  readonly port?: number
  readonly protocol?: 'udp' | 'tcp'
  readonly form?: SyslogForm
}

/**
 * rsyslog.conf. imkmsg and not imklog: /dev/kmsg gives each reader all lines, /proc/kmsg gives each line to one reader
 * on the machine. But imkmsg starts at the oldest line that the kernel remembers, and the kernel's log is one for all
 * namespaces; the interface's name, which no other house has had, tells our lines.
 */
export const rsyslogConf = (lan: string, folder: string, target: SyslogTarget): string => {
  const { address = '127.0.0.1', port = 5514, protocol = 'udp', form = 'rfc3164' } = target
  return `
global(workDirectory="${folder}" localHostname="gateway")
module(load="imkmsg")
if $msg contains "IN=${lan} " then
  action(type="omfwd" target="${address}" port="${port}" protocol="${protocol}" template="${TEMPLATE_OF[form]}"
    action.resumeRetryCount="-1" action.resumeInterval="1")
`
}

/** The script that udhcpc calls with what it was given: sets address, route and name server. */
export const leaseScript = (resolvConf: string): string => `#!/bin/sh
# Written to the file by its path in /etc/netns, so that the host's own resolv.conf is safe even without the bind mount.
set -eu
case "$1" in
  deconfig)
    ip -4 address flush dev "$interface"
    ip link set "$interface" up
    ;;
  bound | renew)
    ip -4 address replace "$ip/$mask" dev "$interface"
    ip -4 route replace default via "\${router%% *}" dev "$interface"
    : > '${resolvConf}'
    for server in \${dns:-}; do echo "nameserver $server" >> '${resolvConf}'; done
    ;;
esac
`

const range = (count: number, text: (n: number) => string): string[] => Array.from({ length: count }, (_, n) => text(n))
