// Datagrams that a load balancer hands on, each behind a PROXY header that says whom it is for (version 2, §2.2; version 1
// knows streams only). Knows no socket.
import type { Client, Clients } from '../pipeline/clients.ts'
import { readProxyHeader } from './proxy-header.ts'

/** Takes the header off, and counts. */
export class ProxiedDatagrams {
  /** Datagrams with a header, and those of a load balancer without one, or with a broken one: they are dropped. */
  proxied = 0
  faulty = 0

  /** The query, and who asks it; undefined where there is no good header. */
  open(
    packet: Uint8Array,
    balancer: Client,
    clients: Clients,
  ): { readonly query: Uint8Array; readonly client: Client } | undefined {
    const header = packet[0] === FIRST_OF_V2 ? readProxyHeader(packet) : undefined
    if (header?.kind !== 'header') {
      this.faulty++
      return undefined
    }
    this.proxied++
    // Without a source it speaks for itself: it looks whether we are well.
    const client = header.source === undefined ? balancer : clients.of(header.source)
    return { query: packet.subarray(header.length), client }
  }
}

const FIRST_OF_V2 = 0x0d
