// Which programs the house needs, and from which Debian package each comes. Starts nothing.
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Every program that the rig and its tests start, with the Debian package that has it. */
const PACKAGE_OF = {
  ip: 'iproute2',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  udhcpc: 'udhcpc',
  rsyslogd: 'rsyslog',
  conntrack: 'conntrack',
  dnsperf: 'dnsperf',
  nsd: 'nsd',
  curl: 'curl',
  dig: 'bind9-dnsutils',
  sysctl: 'procps',
  setpriv: 'util-linux',
  flock: 'util-linux',
  pdns_recursor: 'pdns-recursor',
  unbound: 'unbound',
  named: 'bind9',
  delv: 'bind9-dnsutils',
  knotd: 'knot',
  dnsdist: 'dnsdist',
  drill: 'ldnsutils',
  'ldns-signzone': 'ldnsutils',
} as const

/** A program that the rig knows where to get. */
export type Tool = keyof typeof PACKAGE_OF

/** What `buildHouse` itself starts. */
const NEEDED: readonly Tool[] = [
  'ip',
  'nft',
  'dnsmasq',
  'udhcpc',
  'rsyslogd',
  'conntrack',
  'nsd',
  'curl',
  'dig',
  'sysctl',
  'setpriv',
  'flock',
]

/** PATH for everything that the rig starts: Debian keeps half of these programs in sbin, which a plain user lacks. */
export const TOOL_PATH = [process.env['PATH'] ?? '', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter)

/** The Debian packages (sorted, each once) that are missing for the house and for the `more` tools a test wants. */
export const missingTools = (...more: readonly Tool[]): string[] => {
  const absent = [...NEEDED, ...more].filter((tool) => !isInstalled(tool))
  return [...new Set(absent.map((tool) => PACKAGE_OF[tool]))].sort()
}

/** Why no house can be built here, one sentence a reason; empty when it can. */
export const whyNoHouse = (...more: readonly Tool[]): string[] => {
  const reasons: string[] = []
  if (process.platform !== 'linux') return [`network namespaces need Linux, this is ${process.platform}`]
  if (process.getuid?.() !== 0) reasons.push('network namespaces need root')
  if (!existsSync('/proc/sys/net/netfilter/nf_log_all_netns'))
    reasons.push('no net.netfilter.nf_log_all_netns here: only the first network namespace has it, a container has not')
  const missing = missingTools(...more)
  if (missing.length > 0) reasons.push(`apt-get install --no-install-recommends ${missing.join(' ')}`)
  return reasons
}

/**
 * For `describe.skipIf(!requireTools('unbound'))`: true when a house can be built. Otherwise it says on stderr what is
 * missing and returns false; with CI=true it throws instead, because a test that is skipped in CI tests nothing.
 */
export const requireTools = (...more: readonly Tool[]): boolean => {
  const reasons = whyNoHouse(...more)
  if (reasons.length === 0) return true
  const text = `no house of network namespaces can be built here:\n  - ${reasons.join('\n  - ')}`
  if (process.env['CI'] === 'true') throw new Error(text)
  console.warn(text)
  return false
}

/** As `requireTools`, for tests that need programs and no house. */
export const requirePrograms = (...programs: readonly Tool[]): boolean => {
  const absent = [...new Set(programs.filter((tool) => !isInstalled(tool)).map((tool) => PACKAGE_OF[tool]))].sort()
  if (absent.length === 0) return true
  const text = `missing programs: apt-get install --no-install-recommends ${absent.join(' ')}`
  if (process.env['CI'] === 'true') throw new Error(text)
  console.warn(text)
  return false
}

const isInstalled = (tool: Tool): boolean =>
  TOOL_PATH.split(delimiter).some((folder) => {
    if (folder === '') return false
    try {
      accessSync(join(folder, tool), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
