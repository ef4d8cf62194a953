// A few connections to one upstream, opened as they are needed and shared by all questions. Knows neither what they
// speak nor how they are made; closes none that is in use.
import type { Carrier, CarrierFigures, Exchanged } from './carrier.ts'

/** One open connection. */
export interface Session {
  ask(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged | Lost>
  /** Takes further questions. */
  readonly usable: boolean
  /** Has answered something: it was alive once. */
  readonly proven: boolean
  /** Has questions on it and has been silent for so long that it may be dead. */
  readonly suspect: boolean
  readonly inFlight: number
  readonly strays: number
  close(): void
}

/** The connection ended before the answer came. */
export interface Lost {
  readonly kind: 'lost'
  readonly why: string
}

/** A session that was opened, or why there is none. */
export type Opened = { readonly session: Session; readonly resumed: boolean } | Failure

type Failure = Exclude<Exchanged, { kind: 'answer' }>

/** Connections to one upstream: one is enough (RFC 7766 §6.2.2 asks for few), more where it is slow or seems dead. */
const MAX_SESSIONS = 4
/** Questions on one connection before a further one is opened. */
const SPREAD_FROM = 100

/** The connections to one upstream. */
export class Sessions implements Carrier {
  readonly #open: () => Promise<Opened>
  readonly #maxInFlight: number
  #sessions: Session[] = []
  #opening: Promise<Opened> | undefined
  #inFlight = 0
  #opened = 0
  #resumed = 0
  #foundDead = 0
  #oldStrays = 0
  #closed = false

  constructor(open: () => Promise<Opened>, maxInFlight: number) {
    this.#open = open
    this.#maxInFlight = maxInFlight
  }

  async exchange(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged> {
    if (this.#inFlight >= this.#maxInFlight) return { kind: 'busy' }
    this.#inFlight++
    try {
      return await this.#try(packet, questionEnd, performance.now() + timeout)
    } finally {
      this.#inFlight--
    }
  }

  get figures(): CarrierFigures {
    return {
      inFlight: this.#inFlight,
      strays: this.#sessions.reduce((sum, session) => sum + session.strays, this.#oldStrays),
      opened: this.#opened,
      resumed: this.#resumed,
      foundDead: this.#foundDead,
    }
  }

  close(): void {
    this.#closed = true
    for (const session of this.#sessions) session.close()
  }

  async #try(packet: Uint8Array, questionEnd: number, deadline: number): Promise<Exchanged> {
    for (let again = false; ; again = true) {
      const got = this.#usable(again) ?? (await within(this.#opening ?? this.#connect(), deadline))
      if ('kind' in got) return got
      const { session } = got
      const { proven } = session
      const result = await session.ask(packet, questionEnd, Math.max(0, deadline - performance.now()))
      if (result.kind !== 'lost') return result
      // A connection that was alive once and turns out dead was closed behind our back: worth a new one, once.
      if (again || !proven) return { kind: 'unreachable', why: result.why }
      this.#foundDead++
    }
  }

  /** The session with the fewest questions, if that will do; `fresh`: only one that has not proven alive yet. */
  #usable(fresh: boolean): { readonly session: Session } | undefined {
    this.#forget()
    let best: Session | undefined
    for (const session of this.#sessions) {
      if (fresh && session.proven) continue
      if (best === undefined || rank(session) < rank(best)) best = session
    }
    if (best === undefined) return undefined
    const good = !best.suspect && best.inFlight < SPREAD_FROM
    return good || this.#opening !== undefined || this.#sessions.length >= MAX_SESSIONS ? { session: best } : undefined
  }

  #forget(): void {
    if (this.#sessions.every(({ usable }) => usable)) return
    for (const { usable, strays } of this.#sessions) if (!usable) this.#oldStrays += strays
    this.#sessions = this.#sessions.filter(({ usable }) => usable)
  }

  #connect(): Promise<Opened> {
    this.#opening = this.#open().then((opened) => {
      this.#opening = undefined
      if ('kind' in opened) return opened
      this.#opened++
      if (opened.resumed) this.#resumed++
      if (this.#closed) opened.session.close()
      else this.#sessions.push(opened.session)
      return opened
    })
    return this.#opening
  }
}

const rank = ({ suspect, inFlight }: Session): number => (suspect ? 1_000_000 : 0) + inFlight

/** The opened session, or `timeout` if that takes longer than the question can wait. */
async function within(opening: Promise<Opened>, deadline: number): Promise<Opened> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Opened>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'timeout' }), Math.max(0, deadline - performance.now()))
  })
  const opened = await Promise.race([opening, late])
  clearTimeout(timer)
  return opened
}
