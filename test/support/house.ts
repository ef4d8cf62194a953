// A real house on one machine, from network namespaces: device ─ gateway ─ outside. Knows nothing of askfirst's code.
//
//   device   eth0, leased 192.168.77.100-199, 2001:db8:77::1xx/64        a real DHCP client, curl, dig, ...
//   gateway  lan…  192.168.77.1/24, 2001:db8:77::1/64                    askfirst goes here; dnsmasq (DHCP only), nftables,
//            wan…  203.0.113.1/24, 2001:db8:ff::1/64                     rsyslog, conntrack
//   outside  eth0  203.0.113.53 nsd; .66 .80 .81 .99 web server          no name leads to .99
import { randomInt } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { letKernelLog, restoreKernelLog } from './house/kernel-log.ts'
import { makePlace, mustRun, type Place, removeNamespace, run } from './house/place.ts'
import {
  dnsmasqConf,
  leaseScript,
  nftRules,
  nsdConf,
  PLAN,
  rsyslogConf,
  type SyslogTarget,
  zones,
} from './house/plan.ts'
import type { Running } from './house/running.ts'
import { until } from './house/until.ts'

export type { Place, Ran, RunOptions } from './house/place.ts'
export { PLAN, type SyslogForm, type SyslogTarget } from './house/plan.ts'
export type { Running, StartOptions } from './house/running.ts'
export { missingTools, requireTools, type Tool } from './house/tools.ts'
export { until } from './house/until.ts'

/** What may differ from house to house. */
export interface HouseOptions {
  /** The firewall's prefix in the kernel log; at most 29 characters, as iptables has it. Default Shorewall's. */
  readonly logPrefix?: string
  /** Hide the LAN behind the gateway's WAN addresses. Default false: outside has a route back. */
  readonly nat?: boolean
  /** More records outside, in zone file form with full names: `cdn.example. 60 IN A 203.0.113.80`. */
  readonly records?: readonly string[]
  /** What the gateway and outside see as their own name servers. Default: nsd outside. */
  readonly nameservers?: readonly string[]
}

/** How a device joins. */
export interface DeviceOptions {
  /** Host name that it tells the DHCP server. Default `device`, `device2`, ... */
  readonly name?: string
  /** Default 02:00:00:77:00:01, ...:02, ... */
  readonly mac?: string
}

/** A device in the LAN which holds a lease. */
export interface Device extends Place {
  readonly name: string
  readonly mac: string
  /** The address that DHCP gave. */
  readonly ipv4: string
  readonly ipv6: string
}

/** A house that stands. */
export interface House {
  /** Unique on this machine; part of every namespace's name. */
  readonly id: string
  readonly device: Device
  readonly gateway: Place & { readonly lan: string; readonly wan: string; readonly leaseFile: string }
  readonly outside: Place & {
    /** Puts an address of the wide world outside (on its loopback), where the web server serves it. */
    addAddress(address: string): Promise<void>
  }
  /** A folder of the house's own for files of the test; goes away with the house. */
  readonly folder: string
  /** Another device, with its own MAC and lease. */
  addDevice(options?: DeviceOptions): Promise<Device>
  /** Starts rsyslogd in the gateway, which forwards the firewall's lines of this house, also those from before. */
  forwardLog(target?: SyslogTarget): Promise<Running>
  /** Starts `conntrack -E -e NEW` in the gateway and returns when it listens; pipe `.child.stdout`. */
  conntrack(...more: readonly string[]): Promise<Running>
  /** Starts a listener in the gateway whose lines are the datagrams that come. */
  listenSyslog(address: string, port: number): Promise<Running>
  /** Stops everything and takes everything away. May be called again. */
  close(): Promise<void>
}

/** Builds a house. Needs `requireTools()` to be true. Removes everything again when it fails, and leftovers of the dead. */
export const buildHouse = async (options: HouseOptions = {}): Promise<House> => {
  const logPrefix = options.logPrefix ?? 'Shorewall:loc2net:ACCEPT:'
  if (logPrefix.length > 29 || /["\\\n]/.test(logPrefix)) throw new Error(`no log prefix for a firewall: ${logPrefix}`)
  await removeLeftovers()

  const id = `${process.pid}${Array.from({ length: 3 }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`
  const lan = `lan${id}` // at most 13 of the 15 characters that an interface's name may have
  const wan = `wan${id}`
  const folder = join(tmpdir(), `askfirst-house-${id}`)
  const places: Place[] = []

  const close = async () => {
    // Every step is tried, then the first error is told.
    const errors: unknown[] = []
    const attempt = (step: Promise<unknown>) => step.catch((error) => errors.push(error))
    await Promise.all(places.splice(0).map((place) => attempt(place.remove())))
    await attempt(restoreKernelLog(id))
    await attempt(rm(folder, { recursive: true, force: true }))
    if (errors.length > 0) throw errors[0]
  }

  try {
    await mkdir(folder, { mode: 0o700 })
    await letKernelLog(id)
    const nameservers = options.nameservers ?? [PLAN.dns.ipv4]
    const add = async (role: string, servers: readonly string[]): Promise<Place> => {
      const place = await makePlace(`af-${id}-${role}`, servers)
      places.push(place)
      return place
    }
    const [gateway, outside] = await settled([add('gw', nameservers), add('out', nameservers)])
    await wire(gateway, outside, lan, wan, options.nat ?? false)

    const leaseFile = join(folder, 'dnsmasq.leases')
    const { root, example } = zones(options.records ?? [])
    await Promise.all([
      writeFile(join(folder, 'root.zone'), root),
      writeFile(join(folder, 'example.zone'), example),
      writeFile(join(folder, 'nsd.conf'), nsdConf(folder)),
      writeFile(join(folder, 'dnsmasq.conf'), dnsmasqConf(lan, leaseFile)),
    ])
    await gateway.must('nft', ['-f', '-'], { input: nftRules(lan, wan, { logPrefix, nat: options.nat ?? false }) })
    // nsd itself would serve a broken zone as SERVFAIL.
    await outside.must('nsd-checkzone', ['.', join(folder, 'root.zone')])
    await outside.must('nsd-checkzone', ['example.test', join(folder, 'example.zone')])
    const dhcp = gateway.spawn('dnsmasq', ['--keep-in-foreground', `--conf-file=${join(folder, 'dnsmasq.conf')}`])
    const nsd = outside.spawn('nsd', ['-d', '-c', join(folder, 'nsd.conf')])
    const web = outside.spawn(process.execPath, [program('web-server.ts')])

    let devices = 0
    const addDevice = async (wanted: DeviceOptions = {}): Promise<Device> => {
      const number = (devices += 1)
      const named = {
        name: wanted.name ?? (number === 1 ? 'device' : `device${number}`),
        mac: wanted.mac ?? `02:00:00:77:00:${number.toString(16).padStart(2, '0')}`,
        ipv6: `2001:db8:77::1${String(number).padStart(2, '0')}`,
      }
      const place = await add(`dev${number}`, [])
      await plugIn(place, gateway, `p${number}`, lan, named)
      return { ...place, ...named, ipv4: await takeLease(place, folder, named.name) }
    }

    await dhcp.waitForLine('IP range')
    const [device] = await settled([
      addDevice(),
      web.waitForLine('serving'),
      nsd.waitForLine('nsd started').then(() => nsdAnswers(outside)),
    ])

    let forwarders = 0
    return {
      id,
      device,
      gateway: { ...gateway, lan, wan, leaseFile },
      outside: { ...outside, addAddress: (address) => addAddress(outside, address) },
      folder,
      addDevice,
      async forwardLog(target = {}) {
        const base = join(folder, `rsyslog${(forwarders += 1)}`)
        await writeFile(`${base}.conf`, rsyslogConf(lan, folder, target))
        return gateway.spawn('rsyslogd', ['-n', '-f', `${base}.conf`, '-i', `${base}.pid`])
      },
      async conntrack(...more) {
        const running = gateway.spawn('conntrack', ['-E', '-e', 'NEW', ...more])
        await until('conntrack to listen', () => listensToConntrack(running.pid))
        return running
      },
      async listenSyslog(address, port) {
        const running = gateway.spawn(process.execPath, [program('syslog-listener.ts'), address, String(port)])
        await running.waitForLine('listening')
        return running
      },
      close,
    }
  } catch (error) {
    await close().catch(() => {}) // the first failure is the one to tell
    throw error
  }
}

/** As Promise.all, but rejects only when all have ended: nothing may still be building while we take away. */
const settled = async <T extends readonly unknown[] | []>(
  steps: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  await Promise.allSettled(steps)
  return Promise.all(steps)
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

const program = (file: string): string => fileURLToPath(new URL(`./house/${file}`, import.meta.url))

/** Without accept_dad=0 an IPv6 address is of no use for its first second or two. */
const wire = async (gateway: Place, outside: Place, lan: string, wan: string, nat: boolean): Promise<void> => {
  const router = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', ...NO_DAD]
  await Promise.all([gateway.must('sysctl', ['-q', '-w', ...router]), outside.must('sysctl', ['-q', '-w', ...router])])
  await batch(gateway, [
    // A bridge, so that a second device is a neighbour of the first. No snooping: nobody here sends IGMP or MLD queries.
    `link add ${lan} address 02:00:00:77:ff:01 type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `address add ${PLAN.gateway.ipv4}/24 dev ${lan}`,
    `address add ${PLAN.gateway.ipv6}/64 dev ${lan} nodad`,
    `link set ${lan} up`,
    `link add ${wan} type veth peer name eth0 netns ${outside.namespace}`,
    `address add ${PLAN.wan.ipv4}/24 dev ${wan}`,
    `address add ${PLAN.wan.ipv6}/64 dev ${wan} nodad`,
    `link set ${wan} up`,
    `route add default via ${PLAN.provider.ipv4}`,
    `route add ::/0 via ${PLAN.provider.ipv6}`,
  ])
  const hosts = [PLAN.provider, PLAN.dns, PLAN.web, PLAN.other, PLAN.blocked, PLAN.bare]
  await batch(outside, [
    ...hosts.map(({ ipv4 }) => `address add ${ipv4}/24 dev eth0`),
    ...hosts.map(({ ipv6 }) => `address add ${ipv6}/64 dev eth0 nodad`),
    'link set eth0 up',
    ...(nat
      ? []
      : [`route add ${PLAN.lan.ipv4} via ${PLAN.wan.ipv4}`, `route add ${PLAN.lan.ipv6} via ${PLAN.wan.ipv6}`]),
  ])
}

/** A cable from the device's eth0 to a port of the gateway's bridge. */
const plugIn = async (
  place: Place,
  gateway: Place,
  port: string,
  lan: string,
  device: { readonly mac: string; readonly ipv6: string },
): Promise<void> => {
  await place.must('sysctl', ['-q', '-w', ...NO_DAD])
  await batch(gateway, [
    `link add ${port} type veth peer name eth0 address ${device.mac} netns ${place.namespace}`,
    `link set ${port} master ${lan} up`,
  ])
  await batch(place, [
    'link set eth0 up',
    `address add ${device.ipv6}/64 dev eth0 nodad`,
    `route add ::/0 via ${PLAN.gateway.ipv6}`,
  ])
}

/** Runs the DHCP client until it has a lease, and returns the address. */
const takeLease = async (place: Place, folder: string, name: string): Promise<string> => {
  const script = join(folder, `${place.namespace}.sh`)
  await writeFile(script, leaseScript(place.resolvConf), { mode: 0o755 })
  // Foreground, quit when bound, give up when not: ten times a second's wait.
  const told = ['-f', '-q', '-n', '-t', '10', '-T', '1', '-i', 'eth0', '-s', script, '-x', `hostname:${name}`]
  await place.must('udhcpc', told)
  const address = /inet (\d+(?:\.\d+){3})/.exec(await place.must('ip', ['-4', 'address', 'show', 'dev', 'eth0']))?.[1]
  if (address === undefined) throw new Error(`${place.namespace} has a lease but no address`)
  if (!(await readFile(place.resolvConf, 'utf8')).includes('nameserver'))
    throw new Error(`${place.namespace} has no DNS`)
  return address
}

const nsdAnswers = (outside: Place): Promise<string> =>
  until('nsd to answer', async () => {
    const asked = await outside.run('dig', ['+short', '+time=1', '+tries=1', `@${PLAN.dns.ipv4}`, 'web.example.test'])
    return asked.code === 0 && asked.stdout.includes(PLAN.web.ipv4) ? asked.stdout : undefined
  })

const addAddress = async (outside: Place, address: string): Promise<void> => {
  const isV6 = address.includes(':')
  await batch(outside, [`address add ${address}/${isV6 ? '128' : '32'} dev lo${isV6 ? ' nodad' : ''}`])
}

/**
 * conntrack says nothing before the first event, but the kernel's list of netlink sockets tells when one of its own has
 * joined group 1 (NEW) of protocol 12 (netfilter). The columns: sk, protocol, port, groups, ..., inode.
 */
const listensToConntrack = (pid: number): boolean => {
  try {
    const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)))
    const rows = readFileSync(`/proc/${pid}/net/netlink`, 'utf8').trim().split('\n').slice(1)
    return rows.some((row) => {
      const columns = row.trim().split(/\s+/)
      const isJoined = columns[1] === '12' && (Number.parseInt(columns[3] ?? '0', 16) & 1) === 1
      return isJoined && sockets.has(`socket:[${columns.at(-1)}]`)
    })
  } catch {
    return false // a descriptor was closed while we looked
  }
}

const batch = (place: Place, lines: readonly string[]): Promise<string> =>
  mustRun('ip', ['-n', place.namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })

const NO_DAD = ['net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']

/** Takes away what houses left whose process is gone: one that was killed could not tidy up. */
const removeLeftovers = async (): Promise<void> => {
  const isLeft = (owner: string | undefined) => owner !== undefined && !existsSync(`/proc/${owner}`)
  for (const line of (await run('ip', ['netns', 'list'])).stdout.split('\n')) {
    const name = line.split(' ')[0] ?? ''
    if (isLeft(/^af-(\d+)[a-z]{3}-(?:gw|out|dev\d+)$/.exec(name)?.[1])) await removeNamespace(name)
  }
  for (const name of await readdir(tmpdir())) {
    const isOurs = isLeft(/^askfirst-house-(\d+)[a-z]{3}$/.exec(name)?.[1])
    if (isOurs) await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}
