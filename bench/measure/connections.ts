// Hits over UDP while many connections stand open and do nothing, and some are slow on purpose: who asks over UDP must
// not notice.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AT_A_RATE, type Bench, serve } from '../bench.ts'
import { askfirst } from '../contenders.ts'
import { dnsperf, type Load, send } from '../load.ts'
import { pinned, type Running, start } from '../processes.ts'
import type { Held } from '../results.ts'
import type { Server } from '../server.ts'
import { spreadOf, sumOf } from '../statistics.ts'

/** Connections that say nothing, half TCP and half TLS, and those that send a byte a second. */
const IDLE = 2000
const SLOW = 200
/** Queries a second. */
const RATE = 10_000
/** All of them are from one address here, and stay longer than they may by default. */
const MORE = (tlsPort: number): string => `
connections:
  most: ${2 * IDLE}
  perClient: ${2 * IDLE}
  idle: 10m
tls:
  listen: ['127.0.0.1:${tlsPort}']
certificate:
  file: '${new URL('../../test/data/tls/certificate.pem', import.meta.url).pathname}'
  key: '${new URL('../../test/data/tls/key.pem', import.meta.url).pathname}'
`
/** Time for all to be open, and for all to be closed again. */
const OPEN_WITHIN_MS = 60_000
const CLOSE_MS = 1000

/** Loads askfirst with and without the connections in turn; which comes first changes each round. */
export async function measureConnections(bench: Bench): Promise<Held> {
  const server = await serve(bench, askfirst({ more: ({ spare }) => MORE(tlsPortOf(spare)) }))
  const load = (round: number): Promise<Load> =>
    send(bench.loader, server, {
      queries: bench.hits,
      seconds: Math.max(AT_A_RATE, bench.seconds),
      window: 20_000,
      rate: RATE,
      skip: round * 37_000,
    })
  for (let run = 0; run < 3; run++)
    await dnsperf(bench.loader, server, { queries: bench.hits, seconds: 60, once: true })
  const without: Load[] = []
  const withThem: Load[] = []
  for (let round = 0; round < bench.rounds; round++) {
    bench.say(`connections: round ${round + 1} of ${bench.rounds}`)
    if (round % 2 === 0) without.push(await load(round))
    const holder = await hold(bench, server, round)
    withThem.push(await load(round))
    await holder.end()
    await pause(CLOSE_MS)
    if (round % 2 === 1) without.push(await load(round))
  }
  await server.end()
  const p99 = ({ latency }: Load): number => latency.p99 as number
  return {
    idle: IDLE,
    slow: SLOW,
    rate: RATE,
    sent: sumOf(withThem, ({ sent }) => sent),
    lost: sumOf(withThem, ({ lost }) => lost),
    p99: spreadOf(withThem, p99),
    p99Without: spreadOf(without, p99),
  }
}

const tlsPortOf = (spare: readonly number[]): number => spare[2] as number

/** Opens the connections; they stay until what is returned is ended. */
async function hold({ folder, loader }: Bench, { place }: Server, round: number): Promise<Running> {
  const program = new URL('../hold-connections.ts', import.meta.url).pathname
  const numbers = [place.port, tlsPortOf(place.spare), IDLE, SLOW].map(String)
  const log = join(place.folder, `connections-${round}.log`)
  // It gives way to the sender, with which it shares a core: what it does must not look like what the server does.
  const command = ['chrt', '--idle', '0', process.execPath, program, ...numbers]
  const holder = start(pinned(loader.cores, command), folder, log)
  const deadline = performance.now() + OPEN_WITHIN_MS
  while (!readFileSync(log, 'utf8').includes('held')) {
    if (holder.ended() || performance.now() > deadline) {
      throw new Error(`the connections could not be opened\n${readFileSync(log, 'utf8')}`)
    }
    await pause(50)
  }
  return holder
}
