// Makes sure that an address is nobody else's before threads of ours share it. Knows sockets, not what is served on them.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import type { Endpoint } from '../base/address.ts'

/**
 * Holds the address alone for a moment: who shares a port (SO_REUSEPORT) is let in beside any program of the same user
 * that shares it too, and each would get a part of the other's questions. Returns the endpoint with the port that the
 * system chose where it was 0. Rejects with the system's error where somebody has it.
 */
export const claim = (kind: 'udp' | 'tcp', at: Endpoint): Promise<Endpoint> =>
  kind === 'udp' ? claimUdp(at) : claimTcp(at)

function claimUdp({ address, port }: Endpoint): Promise<Endpoint> {
  const isIpv6 = address.includes(':')
  const socket = createSocket({ type: isIpv6 ? 'udp6' : 'udp4', ipv6Only: isIpv6 })
  return new Promise((resolve, reject) => {
    socket.once('error', (fault) => {
      socket.close()
      reject(fault)
    })
    socket.bind({ address, port, exclusive: true }, () => {
      const bound = socket.address()
      socket.close(() => resolve({ address, port: bound.port }))
    })
  })
}

function claimTcp({ address, port }: Endpoint): Promise<Endpoint> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, ipv6Only: address.includes(':'), exclusive: true }, () => {
      const bound = server.address()
      const chosen = bound !== null && typeof bound === 'object' ? bound.port : port
      server.close(() => resolve({ address, port: chosen }))
    })
  })
}
