// An address that several threads are to share is nobody else's first.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { claim } from '../../src/transport/claim.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Holds a free port, and lets others share it where the system can. */
function hold(kind: 'udp' | 'tcp', address: string): Promise<number> {
  const reusePort = process.platform === 'linux'
  if (kind === 'udp') {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', reusePort })
    closing.push(() => socket.close())
    return new Promise((resolve) => socket.bind(0, address, () => resolve(socket.address().port)))
  }
  const server = createServer()
  closing.push(() => server.close())
  return new Promise((resolve) =>
    server.listen({ host: address, port: 0, reusePort }, () => resolve((server.address() as { port: number }).port)),
  )
}

describe.each(['udp', 'tcp'] as const)('claiming %s', (kind) => {
  test.each(['127.0.0.1', '::1'])('%s finds a free port and leaves it free', async (address) => {
    const chosen = await claim(kind, { address, port: 0 })
    expect(chosen.address).toBe(address)
    expect(chosen.port).toBeGreaterThan(0)
    expect(await claim(kind, chosen)).toEqual(chosen)
  })

  test.each(['127.0.0.1', '::1'])('%s fails where somebody has it, though he would share', async (address) => {
    const port = await hold(kind, address)
    await expect(claim(kind, { address, port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('fails with the system’s error at an address of nobody', async () => {
    await expect(claim(kind, { address: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })
})
