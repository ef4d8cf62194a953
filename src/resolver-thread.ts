// A resolver thread: sockets around a resolver, messages to and from the control thread. Does nothing but DNS.
import { parentPort } from 'node:worker_threads'
import type { Endpoint } from './base/address.ts'
import type { ErrorCode, Problem } from './base/failure.ts'
import { practise } from './policy/practice.ts'
import { createResolver } from './resolver.ts'
import { openLibc } from './system/libc.ts'
import { comeSoon } from './system/priority.ts'
import { systemClock } from './system-clock.ts'
import type { FromResolver, ListeningAt, ResolverStart, ToResolver } from './threads/messages.ts'
import { claim } from './transport/claim.ts'
import { listenHttp, listenHttps } from './transport/https.ts'
import { Identity } from './transport/identity.ts'
import type { Listener, ListenerKind } from './transport/listener.ts'
import { listenProblem } from './transport/port-holder.ts'
import { listenTcp } from './transport/tcp.ts'
import { listenTls } from './transport/tls.ts'
import { openUdp } from './transport/udp-batch.ts'
import { byKey, wantedListeners } from './transport/wanted.ts'

/**
 * The journal is flushed this often while there is something in it; who needs it sooner asks for it (`sync`). A connection
 * that is idle or slow may be let go so late. Not oftener: each time, what comes meanwhile waits for half a millisecond.
 */
const TIDY_EVERY_MS = 1000
/** Local addresses come and go; the system does not tell, so we look. */
const RESCAN_EVERY_MS = 3000

const port = parentPort
if (port === null) throw new Error('this is a worker thread; start askfirst with its command line')
const post = (message: FromResolver): void =>
  port.postMessage(message, message.kind === 'batch' ? [message.batch.buffer] : [])

/** What to begin with comes first; what comes while the listeners are opened waits. */
const early: ToResolver[] = []
let hear = (message: ToResolver): void => void early.push(message)
const begun = new Promise<ResolverStart>((resolve) => {
  port.on('message', (message: ToResolver) => {
    if (message.kind === 'start') resolve(message.start)
    else hear(message)
  })
})
// While the control thread reads the lists.
practise()
const start = await begun
const resolver = createResolver({
  settings: start.settings,
  policy: start.policy,
  household: start.household,
  names: start.names,
  clock: systemClock,
  libc: await openLibc(),
  seed: start.secrets.cookies,
  shared: start.shared,
  post,
})
await comeSoon()
const identity = start.pair && new Identity(start.pair, Buffer.from(start.secrets.tickets))
/** What the first thread listens on, for those that follow it. */
let followed: readonly ListeningAt[] | undefined
const listeners = new Map<string, Listener>()
/** Those that could not be opened the last time, by the code of the problem. */
const unopened = new Map<string, ErrorCode>()

/** Opens what is missing and closes what went away. Returns what could not be opened. */
async function listen(): Promise<Problem[]> {
  const wanted = start.listen === undefined ? byKey(followed ?? []) : wantedListeners(start.listen)
  for (const [key, listener] of listeners) {
    if (wanted.has(key)) continue
    listeners.delete(key)
    await listener.close()
  }
  const problems: Problem[] = []
  for (const [key, { kind, endpoint }] of wanted) {
    if (listeners.has(key)) continue
    try {
      listeners.set(key, await openListener(kind, endpoint))
      unopened.delete(key)
    } catch (fault) {
      const problem = await listenProblem(kind === 'udp' ? 'udp' : 'tcp', endpoint, fault)
      // Tried again and again; told once.
      if (unopened.get(key) !== problem.code) problems.push(problem)
      unopened.set(key, problem.code)
    }
  }
  return problems
}

async function openListener(kind: ListenerKind, wanted: Endpoint): Promise<Listener> {
  const { answerer, reception, proxied } = resolver
  const { listen: first, shared } = start
  const endpoint = shared && first !== undefined ? await claim(kind === 'udp' ? 'udp' : 'tcp', wanted) : wanted
  switch (kind) {
    case 'udp':
      return openUdp(endpoint, answerer, reception.entrances.at(endpoint), systemClock, 'auto', { shared, proxied })
    case 'tcp':
      return listenTcp(endpoint, answerer, reception)
    case 'http':
      return listenHttp(endpoint, answerer, reception)
    case 'tls':
    case 'https':
      if (identity === undefined) throw new Error('there is no certificate')
      return (kind === 'tls' ? listenTls : listenHttps)(endpoint, answerer, reception, identity)
  }
}

const opened = (): FromResolver => ({
  kind: 'listening',
  endpoints: [...listeners.values()].map(({ kind, endpoint }) => ({ kind, endpoint })),
})

/** Looks for new and lost addresses; an address that cannot be used yet is tried again the next time. */
async function rescan(): Promise<void> {
  const before = [...listeners.keys()].join()
  for (const problem of await listen()) post({ kind: 'trouble', problem })
  if ([...listeners.keys()].join() !== before) post(opened())
}

/** Listens for the first time. */
async function begin(): Promise<void> {
  const problems = await listen()
  // An address of a wildcard may be on its way (IPv6 duplicate detection); a port that somebody holds is final.
  const final = problems.filter(({ code }) => code !== 'ASKFIRST_E_LISTEN')
  if (final.length > 0 || listeners.size === 0) {
    post({ kind: 'failed', problems: problems.length > 0 ? problems : [nothingToListenOn()] })
  } else {
    for (const problem of problems) post({ kind: 'trouble', problem })
    post(opened())
  }
}

if (start.listen !== undefined) await begin()

const tidying = setInterval(() => {
  resolver.journal.flush()
  resolver.reception.connections.sweep()
}, TIDY_EVERY_MS)
let scanning: Promise<void> = Promise.resolve()
const scans = setInterval(() => {
  scanning = scanning.then(rescan)
}, RESCAN_EVERY_MS)

hear = (message) => {
  switch (message.kind) {
    // It has: nobody starts twice.
    case 'start':
      return
    case 'pair':
      identity?.use(message.pair)
      return
    case 'tickets':
      identity?.renewTickets(Buffer.from(message.keys))
      return
    case 'listen': {
      const next = followed === undefined ? begin : rescan
      followed = message.endpoints
      scanning = scanning.then(next)
      return
    }
    case 'close':
      close()
      return
    default:
      resolver.obey(message)
  }
}
for (const message of early) hear(message)

function close(): void {
  clearInterval(tidying)
  clearInterval(scans)
  void scanning
    .then(() => Promise.all([...listeners.values()].map((listener) => listener.close())))
    .then(() => {
      resolver.close()
      port?.close()
    })
}

function nothingToListenOn(): Problem {
  return {
    code: 'ASKFIRST_E_LISTEN',
    message: 'this machine has no address that matches "listen"',
    hint: 'Name an address of this machine in the configuration under "listen".',
  }
}
