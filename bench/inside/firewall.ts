// How many firewall lines a second are parsed and judged, sockets left out. Arguments: rounds. Prints `FirewallFigures`.
import { DAY, type EpochMs, HOUR, MINUTE } from '../../src/base/clock.ts'
import { Intake } from '../../src/intake/intake.ts'
import { utc } from '../../src/intake/zone.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { type Chance, chance } from '../chance.ts'
import type { FirewallFigures } from '../measure/inside.ts'

const rounds = Number(process.argv[2])

const LINES = 200_000
/** Lines a second of the clock that the ledger sees: with a hold-back of 5 s some 45,000 reports wait at any time. */
const PER_SECOND = 10_000
/** Waiting reports are looked at every 250 ms, as in the server: so many lines. */
const BETWEEN_LOOKS = PER_SECOND / 4
const DEVICES = 100
/** Addresses that each device was given. */
const GIVEN = 100
const START: EpochMs = Date.UTC(2026, 10, 22, 10)
const LONG_AGO = START - 10 * DAY

/** What a firewall's log holds, by share; each kind ends in another verdict, or in none. */
const KINDS: readonly [share: number, line: (device: number, random: Chance) => string][] = [
  [0.7, (device, random) => packet(device, given(device, Math.floor(random() * GIVEN)), 'TCP', 443)],
  [0.05, (device, random) => packet(device, `45.${below(random, 250)}.${below(random, 250)}.7`, 'TCP', 8443)],
  [0.05, (device) => packet(device, '8.8.8.8', 'UDP', 53)],
  [0.1, (device) => packet(device, '192.168.2.5', 'TCP', 445)],
  [0.1, (_, random) => `sshd[${below(random, 30_000)}]: Connection closed by authenticating user root [preauth]`],
]

const lines = makeLines()
const verdicts: Record<string, number> = {}
const figures: FirewallFigures = {
  lines: LINES,
  // The first round is left out: the compiler is still at work then.
  rates: Array.from({ length: rounds + 1 }, once).slice(1),
  verdicts,
}
process.stdout.write(JSON.stringify(figures))

/** Takes all lines in, each as one datagram of syslog, and judges them; returns lines a second of processor time. */
function once(): number {
  let now = START
  const ledger = houseLedger()
  const clock = { now: () => now, ticks: () => now }
  const intake = new Intake({ clock, zone: utc, live: true, onReport: (report) => void ledger.submit(report, now) })
  const counts: Record<string, number> = {}
  const judge = (at: EpochMs): void => {
    for (const { verdict } of ledger.judgeDue(at)) counts[verdict.kind] = (counts[verdict.kind] ?? 0) + 1
  }
  const before = process.cpuUsage()
  for (let i = 0; i < LINES; i++) {
    now = timeOf(i)
    intake.take(lines[i] as Buffer, 'syslog')
    if (i % BETWEEN_LOOKS === 0) judge(now)
  }
  judge(now + HOUR)
  const { user, system } = process.cpuUsage(before)
  const [health] = intake.health
  const judged = Object.values(counts).reduce((sum, count) => sum + count, 0)
  if (health?.lines !== LINES || health.rejected + health.unknownFormat > 0 || judged !== health.reports) {
    throw new Error(`not every line was judged: ${JSON.stringify({ health, counts })}`)
  }
  for (const kind of ['asked', 'direct-ip', 'dns-bypass', 'exempt']) {
    if (counts[kind] === undefined) throw new Error(`no verdict "${kind}": ${JSON.stringify(counts)}`)
  }
  Object.assign(verdicts, counts)
  return (LINES * 1e6) / (user + system)
}

/** A ledger that has learned, with evidence for every device. */
function houseLedger(): Ledger {
  const ledger = new Ledger({ born: LONG_AGO })
  for (const time of [LONG_AGO, START - MINUTE]) {
    for (let device = 0; device < DEVICES; device++) {
      for (let i = 0; i < GIVEN; i++) {
        const handOuts = [{ address: given(device, i), ttl: 300 }]
        ledger.take({ time, client: client(device), name: `host${i}.example${device}.com`, handOuts })
      }
    }
  }
  return ledger
}

function makeLines(): Buffer[] {
  const random = chance(21)
  return Array.from({ length: LINES }, (_, i) => {
    let point = random()
    const kind = KINDS.find(([share]) => (point -= share) < 0) ?? KINDS[0]
    const stamp = `Nov 22 ${new Date(timeOf(i)).toISOString().slice(11, 19)}`
    return Buffer.from(`<4>${stamp} gateway ${kind?.[1](below(random, DEVICES), random)}`)
  })
}

/** A line as Shorewall lets the kernel write it. */
function packet(device: number, to: string, protocol: 'TCP' | 'UDP', port: number): string {
  const mac = `MAC=02:00:5e:00:00:01:02:00:5e:10:00:${device.toString(16).padStart(2, '0')}:08:00`
  const head = `kernel: [86400.${100_000 + device}] Shorewall:loc2net:ACCEPT:IN=eth1 OUT=eth0 ${mac}`
  const ip = `SRC=${client(device)} DST=${to} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=${4000 + device} DF`
  const rest = protocol === 'TCP' ? 'WINDOW=64240 RES=0x00 SYN URGP=0' : 'LEN=40'
  return `${head} ${ip} PROTO=${protocol} SPT=${40_000 + device} DPT=${port} ${rest}`
}

function timeOf(line: number): EpochMs {
  return START + Math.floor((line * 1000) / PER_SECOND)
}

function client(device: number): string {
  return `192.168.1.${10 + device}`
}

function given(device: number, i: number): string {
  return `93.${device}.${i}.34`
}

function below(random: Chance, limit: number): number {
  return Math.floor(random() * limit)
}
