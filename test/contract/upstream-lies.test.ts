// A hostile upstream over every transport: each lie has its stated outcome, and nothing forged comes through.
import { afterEach, describe, expect, test } from 'vitest'
import { openLibc } from '../../src/system/libc.ts'
import { openUpstreams } from '../../src/upstream/forward.ts'
import { SETTINGS } from '../support/in-memory.ts'
import { FORGED, GOOD, LIES } from '../support/lies.ts'
import { addressesIn, question } from '../support/question.ts'
import { startPeer, TEST_CA } from '../support/upstream-peer.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

describe.each(['udp', 'tcp', 'tls', 'https'] as const)('over %s', (transport) => {
  test.each(LIES)('$what: $outcome', async ({ packet, outcome }) => {
    const peer = await startPeer(transport, (query) => [packet(query)])
    open.push(peer)
    const settings = {
      ...SETTINGS.upstreams,
      servers: [peer.server],
      timeout: outcome === 'passed over' ? 60 : 2000,
      attempts: 1,
    }
    const up = openUpstreams(settings, { ca: TEST_CA, libc: await openLibc() })
    open.push(up)
    const reply = await up.ask(question('www.example'))
    const figures = up.figures()[0]
    expect(addressesIn(reply)).not.toContain(FORGED)
    if (outcome === 'cut' || outcome === 'kept') {
      expect(addressesIn(reply)).toEqual([GOOD])
      expect(figures).toMatchObject({ cutRecords: outcome === 'cut' ? 1 : 0 })
      return
    }
    expect(reply.rcode).toBe(2)
    if (outcome === 'malformed') expect(figures?.failures.malformed).toBe(1)
    else expect(figures?.strays).toBe(1)
  })
})
