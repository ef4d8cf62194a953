// The query log of dnsmasq (`log-queries`, `log-queries=extra`, Pi-hole's too), by syslog or in a file of its own.
// Knows no other log.
import { type Address, parseAddress } from '../../base/address.ts'
import { type EpochMs, MINUTE } from '../../base/clock.ts'
import type { Name } from '../../base/name.ts'
import { readEnvelope } from '../envelope.ts'
import type { Zone } from '../zone.ts'
import { answered, type DnsLogReader, type LoggedAnswer, loggedName, NO_ANSWER, NOT_OURS, rejected } from './logged.ts'

/**
 * Makes a reader. `near` is the instant that stamps without a year are nearest to, such as when the file was last
 * written. Lines of one answer follow each other, and dnsmasq writes them once even where several clients wait for
 * the same name (observed with 2.90): so an answer goes to everybody who asked for its name and waits. What an alias
 * leads to is credited to the name that was asked. Limits: TTLs and the hints of HTTPS records are not logged; of an
 * answer whose question stands before the log's first line nobody is known to have got it.
 */
export function dnsmasqReader(zone: Zone, near: EpochMs): DnsLogReader {
  const waiting = new Waiting()
  const chains = new Map<string, Chain>()

  return (line) => {
    const envelope = readEnvelope(line, zone, near)
    const said = saidBy(envelope.tag, envelope.rest)
    if (said === undefined) return NOT_OURS
    const time = envelope.time ?? near
    const { thread, client, text } = withoutSerial(said)
    const process = envelope.pid ?? ''
    const query = parseQuery(text)
    if (query !== undefined) {
      const asker = query.client ?? client
      const name = loggedName(query.name)
      // What was being answered is answered now: this client is not among those who got it.
      endChain(chains, process, waiting)
      if (asker === undefined) return rejected('a question without its client')
      if (name !== undefined) waiting.add(name, asker, time)
      return NO_ANSWER
    }
    const found = parseAnswer(text)
    if (found === undefined) {
      endChain(chains, process, waiting)
      return NO_ANSWER
    }
    return follow(chains, { process, thread }, waiting, found, time)
  }
}

/** The lines of one answer so far: the names that it is about, the first asked, the others what aliases led to. */
interface Chain {
  /** The number of the question with `=extra`, else ''. */
  readonly thread: string
  readonly names: Name[]
  /** The last line was an alias, so the next line's name belongs here whatever it is. */
  open: boolean
}

interface AnswerLine {
  readonly name: Name
  readonly alias: boolean
  readonly address: Address | undefined
}

/** Processes that write at the same time: dnsmasq forks for each TCP connection, up to 20 by default. */
const MOST_CHAINS = 64

function follow(
  chains: Map<string, Chain>,
  { process, thread }: { readonly process: string; readonly thread: string },
  waiting: Waiting,
  found: AnswerLine,
  time: EpochMs,
): ReturnType<DnsLogReader> {
  let chain = chains.get(process)
  if (chain?.thread !== thread || !(chain.open || chain.names.includes(found.name))) {
    endChain(chains, process, waiting)
    if (chains.size >= MOST_CHAINS) chains.clear()
    chain = { thread, names: [], open: false }
    chains.set(process, chain)
  }
  if (!chain.names.includes(found.name)) chain.names.push(found.name)
  chain.open = found.alias
  if (found.address === undefined) return NO_ANSWER
  const handOuts = [{ address: found.address, ttl: 0 }]
  const answers: LoggedAnswer[] = []
  for (const name of chain.names) {
    for (const client of waiting.for(name, time)) answers.push({ time, client, name, handOuts })
  }
  return answered(...answers)
}

function endChain(chains: Map<string, Chain>, process: string, waiting: Waiting): void {
  for (const name of chains.get(process)?.names ?? []) waiting.served(name)
  chains.delete(process)
}

/** Who waits for which name. Bounded: 10,000 names, the oldest goes. */
class Waiting {
  readonly #names = new Map<Name, Map<Address, { readonly since: EpochMs; questions: number }>>()

  add(name: Name, client: Address, time: EpochMs): void {
    let clients = this.#names.get(name)
    if (clients === undefined) {
      const oldest = this.#names.keys().next()
      if (this.#names.size >= MOST_NAMES && !oldest.done) this.#names.delete(oldest.value)
      clients = new Map()
      this.#names.set(name, clients)
    }
    clients.set(client, { since: time, questions: (clients.get(client)?.questions ?? 0) + 1 })
  }

  *for(name: Name, time: EpochMs): Iterable<Address> {
    for (const [client, { since }] of this.#names.get(name) ?? []) {
      if (Math.abs(time - since) < GIVEN_UP) yield client
    }
  }

  /** One question of each client is answered; who asked for A and AAAA at once still waits for the other. */
  served(name: Name): void {
    const clients = this.#names.get(name)
    if (clients === undefined) return
    for (const [client, asked] of clients) if (--asked.questions <= 0) clients.delete(client)
    if (clients.size === 0) this.#names.delete(name)
  }
}

const MOST_NAMES = 10_000
/** dnsmasq gives up on a question after 40 s (its TIMEOUT and retries); nobody waits longer. */
const GIVEN_UP = MINUTE

/** What dnsmasq says in the line, without its name; `undefined` where another program speaks. */
function saidBy(tag: string | undefined, rest: string): string | undefined {
  if (tag === 'dnsmasq') return rest
  return rest.startsWith('dnsmasq: ') ? rest.slice('dnsmasq: '.length) : undefined
}

/** `42 192.168.1.10/51234 query[A] …` of `log-queries=extra`: the number tells which question a line is about. */
function withoutSerial(text: string): { thread: string; client: Address | undefined; text: string } {
  const match = /^(\d{1,10}) ([0-9a-fA-F.:]{2,45})\/\d{1,5} /.exec(text)
  if (match === null) return { thread: '', client: undefined, text }
  const [head, thread = '', client = ''] = match
  return { thread, client: parseAddress(client), text: text.slice(head.length) }
}

/** `query[A] www.example.org from 192.168.1.10`. The name may hold blanks: the client stands after the last `from`. */
function parseQuery(text: string): { name: string; client: Address | undefined } | undefined {
  if (!text.startsWith('query[')) return undefined
  const name = text.indexOf('] ')
  const from = text.lastIndexOf(' from ')
  if (name < 0 || from < name + 2) return undefined
  return { name: text.slice(name + 2, from), client: parseAddress(text.slice(from + ' from '.length).trim()) }
}

/**
 * `reply www.example.org is 203.0.113.7`, `cached … is <CNAME>`, `/etc/hosts nas.lan is 192.168.1.2`. A name that
 * holds blanks could imitate another line, and is nothing that a program connects to: not an answer.
 */
function parseAnswer(text: string): AnswerLine | undefined {
  const is = text.lastIndexOf(' is ')
  if (is < 0) return undefined
  const words = text.slice(0, is).split(' ', 4)
  const isHostsFile = text.startsWith('/')
  if (!isHostsFile && (words.length !== 2 || !SAYS_ANSWERS.has(words[0] as string))) return undefined
  const name = loggedName(isHostsFile ? text.slice(text.lastIndexOf(' ', is - 1) + 1, is) : words[1])
  if (name === undefined) return undefined
  const value = text.slice(is + ' is '.length).trim()
  return { name, alias: value === '<CNAME>', address: parseAddress(value) }
}

/** What an answer's line may begin with. */
const SAYS_ANSWERS: ReadonlySet<string> = new Set(['reply', 'cached', 'cached-stale', 'config', 'DHCP', 'auth'])
