// Real name servers on loopback ports, in front of askfirst and behind it: zones signed by ldns-signzone at nsd, and
// resolvers over them. Everything lives in one folder and ends with the test.
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Running, start } from './house/running.ts'
import { TOOL_PATH } from './house/tools.ts'
import { until } from './house/until.ts'

const run = promisify(execFile)
const data = (file: string): string => new URL(`../data/tls/${file}`, import.meta.url).pathname

/**
 * The zones: one that validates, one whose `www` was forged after signing, one without signatures, and the signed one that
 * leaves `home.arpa` to others, unsigned (RFC 8375 §7).
 */
export const ZONES = ['signed.example', 'broken.example', 'plain.example', 'arpa'] as const

/** A port that nobody held a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Runs a client; its output, whatever its exit code. */
export async function client(command: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, PATH: TOOL_PATH }
  const done = run(command, args, { env, timeout: 20_000 })
  const { stdout, stderr } = await done.catch((error: { stdout?: string; stderr?: string }) => ({
    stdout: error.stdout ?? '',
    stderr: error.stderr ?? '',
  }))
  return `${stdout}${stderr}`
}

/** `dig` at a port of this machine. */
export const dig = (port: number, ...args: string[]): Promise<string> =>
  client('dig', '@127.0.0.1', '-p', String(port), '+tries=1', '+time=5', ...args)

/** Writes the zones and their signatures; returns the DS records to start trust from, one a line. */
export async function makeZones(folder: string): Promise<string> {
  const anchors: string[] = []
  for (const zone of ZONES) {
    const file = join(folder, `${zone}.zone`)
    await writeFile(
      file,
      `$ORIGIN ${zone}.
$TTL 3600
@ SOA ns hostmaster 1 3600 900 86400 300
@ NS ns
ns A 192.0.2.53
www A 192.0.2.10
alias CNAME www
*.wild A 192.0.2.11
home NS ns
@ MX 10 mail
mail A 192.0.2.25
big TXT ${Array.from({ length: 40 }, (_, i) => `"${String(i).padStart(60, 'x')}"`).join(' ')}
`,
    )
    if (zone === 'plain.example') continue
    const options = { cwd: folder, env: { ...process.env, PATH: TOOL_PATH } }
    const { stdout: key } = await run('ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', zone], options)
    await run('ldns-signzone', ['-f', `${zone}.signed`, file, key.trim()], options)
    anchors.push(await readFile(join(folder, `${key.trim()}.ds`), 'utf8'))
    const signed = await readFile(join(folder, `${zone}.signed`), 'utf8')
    const changed = zone === 'broken.example' ? signed.replace('192.0.2.10', '203.0.113.66') : signed
    await writeFile(file, changed)
  }
  return anchors.join('')
}

/** A server that answers. */
export interface Started {
  readonly program: Running
  readonly port: number
}

/** Starts a server and waits until it answers `www.plain.example`; `how` are options of dig, such as `+tcp`. */
async function ready(program: Running, port: number, ...how: string[]): Promise<Started> {
  try {
    await until(
      `an answer of ${program.command}`,
      async () => (await dig(port, ...how, '+short', 'www.plain.example')).includes('192.0.2.10'),
      15_000,
    )
  } catch (error) {
    throw new Error(`${(error as Error).message}\n  ${program.lines.slice(-15).join('\n  ')}`)
  }
  return { program, port }
}

/** nsd, authoritative for the zones. */
export async function startNsd(folder: string, port: number): Promise<Started> {
  const file = join(folder, 'nsd.conf')
  await writeFile(
    file,
    `server:
  ip-address: 127.0.0.1@${port}
  username: ""
  zonesdir: "${folder}"
  database: ""
  pidfile: ""
  xfrdfile: ""
  xfrdir: "${folder}"
  zonelistfile: "${folder}/zone.list"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
${ZONES.map((zone) => `zone:\n  name: ${zone}\n  zonefile: ${zone}.zone\n`).join('')}`,
  )
  return ready(start('nsd', ['-d', '-c', file]), port)
}

/** knotd, authoritative for the zones. */
export async function startKnot(folder: string, port: number): Promise<Started> {
  const file = join(folder, 'knot.conf')
  await writeFile(
    file,
    `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
database:
    storage: "${folder}/knot"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "${folder}"
zone:
${ZONES.map((zone) => `  - domain: ${zone}\n    file: ${zone}.zone\n`).join('')}`,
  )
  return ready(start('knotd', ['-c', file]), port)
}

/** What an unbound does. */
export interface UnboundOptions {
  /** `stub`: resolves the zones at an authoritative server; `forward`: forwards all. */
  readonly kind: 'stub' | 'forward'
  /** Port of the server that it asks. */
  readonly ask: number
  /** DS records; without them it does not validate. */
  readonly anchors?: string
  /** A port for DNS over TLS. */
  readonly tls?: number
}

/** unbound, validating where it has anchors. */
export async function startUnbound(folder: string, port: number, options: UnboundOptions): Promise<Started> {
  const { kind, ask, anchors, tls } = options
  const anchorFile = join(folder, 'anchors.ds')
  if (anchors !== undefined) await writeFile(anchorFile, anchors)
  const file = join(folder, `unbound-${port}.conf`)
  const asked = `  ${kind}-addr: 127.0.0.1@${ask}\n`
  await writeFile(
    file,
    `server:
  interface: 127.0.0.1@${port}
${tls === undefined ? '' : `  interface: 127.0.0.1@${tls}\n  tls-port: ${tls}\n  tls-service-key: "${data('key.pem')}"\n  tls-service-pem: "${data('certificate.pem')}"\n`}  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  local-zone: "home.arpa." nodefault
  ede: yes
  module-config: "${anchors === undefined ? 'iterator' : 'validator iterator'}"
${anchors === undefined ? '' : `  trust-anchor-file: "${anchorFile}"\n`}remote-control:
  control-enable: no
${kind === 'stub' ? ZONES.map((zone) => `stub-zone:\n  name: ${zone}\n${asked}`).join('') : `forward-zone:\n  name: "."\n${asked}`}`,
  )
  return ready(start('unbound', ['-d', '-c', file]), port)
}

/** A configuration for named, which forwards to another server; `options` and `zones` are further lines of it. */
export const namedConf = (folder: string, port: number, ask: number, options = '', zones = ''): string => `options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile "${folder}/session.key";
  managed-keys-directory "${folder}";
  recursion yes;
  forward only;
  forwarders { 127.0.0.1 port ${ask}; };
  dnssec-validation no;
  empty-zones-enable no;
${options}};
${zones}controls { };
`

/** named, forwarding to another server. */
export async function startBind(folder: string, port: number, ask: number): Promise<Started> {
  const file = join(folder, 'named.conf')
  await writeFile(file, namedConf(folder, port, ask))
  return ready(start('named', ['-g', '-c', file]), port)
}

/** dnsdist in front of another server: DNS over TLS at `tls`, over HTTPS at `https`, plain at `port`. */
export async function startDnsdist(
  folder: string,
  {
    port,
    tls,
    https,
    ask,
    proxy = false,
  }: {
    readonly port: number
    readonly tls: number
    readonly https: number
    readonly ask: number
    /** It says who asks, in a PROXY header. */
    readonly proxy?: boolean
  },
): Promise<Started> {
  const file = join(folder, `dnsdist-${port}.conf`)
  const pair = `"${data('certificate.pem')}", "${data('key.pem')}"`
  await writeFile(
    file,
    `setLocal("127.0.0.1:${port}")
addTLSLocal("127.0.0.1:${tls}", ${pair})
addDOHLocal("127.0.0.1:${https}", ${pair}, "/dns-query")
newServer({address="127.0.0.1:${ask}"${proxy ? ', useProxyProtocol=true, source="127.0.0.9"' : ''}}):setUp()
setSecurityPollSuffix("")
`,
  )
  return ready(start('dnsdist', ['--supervised', '--disable-syslog', '-C', file]), port)
}

/** dnsmasq, forwarding all. */
export async function startDnsmasq(folder: string, port: number, ask: number): Promise<Started> {
  const user = process.env['USER'] ?? 'root'
  const args = ['-d', '-C', '/dev/null', '--no-hosts', '--no-resolv', '--bind-interfaces', `--user=${user}`]
  return ready(
    start('dnsmasq', [
      ...args,
      '--listen-address=127.0.0.1',
      `--port=${port}`,
      `--server=127.0.0.1#${ask}`,
      `--pid-file=${folder}/dnsmasq.pid`,
    ]),
    port,
  )
}
