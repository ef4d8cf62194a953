// Why an address cannot be listened on, who holds it, and the way out. Reads /proc; knows no DNS.
import { readdir, readFile, readlink } from 'node:fs/promises'
import { type Endpoint, endpointText } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'

/** A process that holds a port. */
export interface Holder {
  readonly pid: number
  readonly name: string
}

/** Turns the system's error into a problem that says who holds the port and what to do. */
export async function listenProblem(kind: 'udp' | 'tcp', endpoint: Endpoint, fault: unknown): Promise<Problem> {
  const code = (fault as NodeJS.ErrnoException).code
  const where = `${kind.toUpperCase()} ${endpointText(endpoint)}`
  if (code === 'EADDRINUSE') {
    const holder = await holderOf(kind, endpoint.port)
    const who = holder === undefined ? 'another process' : `${safeText(holder.name)} (process ${holder.pid})`
    return {
      code: 'ASKFIRST_E_LISTEN_IN_USE',
      message: `${where} is held by ${who}`,
      hint: wayOut(kind, holder, endpoint),
    }
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      code: 'ASKFIRST_E_LISTEN_FORBIDDEN',
      message: `this user may not listen on ${where}`,
      hint:
        'Ports below 1024 need a right: start as root, or give it with the systemd unit or the container image, or ' +
        'run "sudo sysctl net.ipv4.ip_unprivileged_port_start=53", or name a port such as 5353 under "listen". ' +
        'A server that has given up root ("user") cannot open more of them: restart it.',
    }
  }
  const why = fault instanceof Error ? fault.message : String(fault)
  return {
    code: 'ASKFIRST_E_LISTEN',
    message: `${where} cannot be listened on: ${safeText(why)}`,
    hint: 'Name an address of this machine in the configuration under "listen".',
  }
}

function wayOut(kind: 'udp' | 'tcp', holder: Holder | undefined, { port }: Endpoint): string {
  const elsewhere = `or name another address or port than ${port} under "listen" in the configuration`
  switch (holder?.name) {
    case 'systemd-resolve':
      return `Set DNSStubListener=no in /etc/systemd/resolved.conf and run "systemctl restart systemd-resolved", ${elsewhere}.`
    case 'dnsmasq':
      return `Set port=0 in dnsmasq's configuration to keep it as a DHCP server only, and restart it, ${elsewhere}.`
    case undefined:
      if (kind === 'udp') return `See who it is with "ss -anup 'sport = :${port}'" as root, stop it, ${elsewhere}.`
      // A connection that some program has made holds a port too, and for a minute after its end (RFC 9293 §3.6.1).
      return `See who it is with "ss -antp 'sport = :${port}'" as root (TIME-WAIT ends by itself within a minute), stop it, ${elsewhere}.`
    default:
      return `Stop it ("systemctl stop" and "systemctl disable" if it is a service), ${elsewhere}.`
  }
}

/** The process that listens on the port, as far as this user may see; Linux only. */
export async function holderOf(kind: 'udp' | 'tcp', port: number): Promise<Holder | undefined> {
  const inodes = new Set<string>()
  for (const table of [kind, `${kind}6`]) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      // Local address is `hex:port`; state 0A is LISTEN, 07 an unconnected UDP socket; field 9 is the inode.
      const listens = fields[3] === '0A' || fields[3] === '07'
      if (listens && Number.parseInt(fields[1]?.split(':')[1] ?? '', 16) === port) inodes.add(fields[9] ?? '')
    }
  }
  if (inodes.size === 0) return undefined
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const link = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode === undefined || !inodes.has(inode)) continue
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?')
      return { pid: Number(pid), name: name.trim() }
    }
  }
  return undefined
}
