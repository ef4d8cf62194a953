// Other resolvers that take a list which `askfirst compile` wrote, in front of an nsd that has an address for every name.
// Loopback only; everything lives in one folder.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Running, start } from './house/running.ts'
import { until } from './house/until.ts'
import { dig, freePort, namedConf } from './name-servers.ts'

/** What every name under `example` has outside. */
export const OUTSIDE = '192.0.2.10'

/** A resolver under a list. */
export interface Taker {
  readonly program: Running
  readonly port: number
}

/** Starts nsd, for which every name has this address. */
export async function startWorld(folder: string, address = OUTSIDE): Promise<Taker> {
  const port = await freePort()
  const zone = join(folder, `${address}.zone`)
  await writeFile(
    zone,
    `$ORIGIN example.\n$TTL 60\n@ SOA ns h 1 3600 900 86400 60\n@ NS ns\n@ A ${address}\n* A ${address}\n* TXT "outside"\n`,
  )
  const config = `server:
  ip-address: 127.0.0.1@${port}
  username: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: ""
  xfrdfile: ""
  xfrdir: "${folder}"
  zonelistfile: "${zone}.list"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: example
  zonefile: ${zone}
`
  const file = `${zone}.conf`
  await writeFile(file, config)
  return answering(start('nsd', ['-d', '-c', file]), port)
}

/** Waits until it answers, whatever its list makes of the question. */
async function answering(program: Running, port: number): Promise<Taker> {
  const answers = async () => /status: (NOERROR|NXDOMAIN)/.test(await dig(port, 'nothing-lists-this.example'))
  await until(`an answer of ${program.command}`, answers, 20_000).catch((error: Error) => {
    throw new Error(`${error.message}\n  ${program.lines.slice(-20).join('\n  ')}`)
  })
  return { program, port }
}

type Start = (folder: string, list: string, world: number) => Promise<Taker>

const unbound = async (folder: string, world: number, modules: string, more: string): Promise<Taker> => {
  const port = await freePort()
  const file = join(folder, `unbound-${port}.conf`)
  await writeFile(
    file,
    `server:
  interface: 127.0.0.1@${port}
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "${modules}"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@${world}
remote-control:
  control-enable: no
${more}`,
  )
  return answering(start('unbound', ['-d', '-c', file]), port)
}

const dnsmasq = async (folder: string, world: number, ...more: string[]): Promise<Taker> => {
  const port = await freePort()
  const fixed = ['-d', '--no-hosts', '--no-resolv', '--bind-interfaces', '--listen-address=127.0.0.1', '--no-negcache']
  const user = `--user=${process.env['USER'] ?? 'root'}`
  const args = [...fixed, user, `--port=${port}`, `--server=127.0.0.1#${world}`, `--pid-file=${folder}/dnsmasq.pid`]
  return answering(start('dnsmasq', [...args, ...more]), port)
}

/** unbound with a list of local zones. */
export const unboundWith: Start = (folder, list, world) => unbound(folder, world, 'iterator', `include: "${list}"\n`)

/** unbound with a response policy zone. */
export const unboundWithRpz: Start = (folder, list, world) =>
  unbound(folder, world, 'respip iterator', `rpz:\n  name: "policy.zone"\n  zonefile: "${list}"\n`)

/** dnsmasq with a list as part of its configuration, and as a hosts file. */
export const dnsmasqWith: Start = (folder, list, world) => dnsmasq(folder, world, '-C', list)
export const dnsmasqWithHosts: Start = (folder, list, world) =>
  dnsmasq(folder, world, '-C', '/dev/null', `--addn-hosts=${list}`)

/** BIND with a response policy zone. */
export const bindWithRpz: Start = async (folder, list, world) => {
  const port = await freePort()
  const file = join(folder, 'named.conf')
  const options = '  response-policy { zone "policy.zone"; };\n'
  const zones = `zone "policy.zone" { type primary; file "${list}"; };\n`
  await writeFile(file, namedConf(folder, port, world, options, zones))
  return answering(start('named', ['-g', '-c', file]), port)
}

/** PowerDNS Recursor with a response policy zone. */
export const pdnsWithRpz: Start = async (folder, list, world) => {
  const port = await freePort()
  await writeFile(join(folder, 'rpz.lua'), `rpzFile("${list}", {policyName="policy"})\n`)
  await writeFile(
    join(folder, 'recursor.conf'),
    `local-address=127.0.0.1
local-port=${port}
forward-zones-recurse=.=127.0.0.1:${world}
dont-query=
dnssec=off
qname-minimization=no
lua-config-file=${folder}/rpz.lua
security-poll-suffix=
disable-syslog=yes
daemon=no
write-pid=no
socket-dir=${folder}
`,
  )
  return answering(start('pdns_recursor', [`--config-dir=${folder}`]), port)
}
