// One HTTP/2 connection that carries questions (RFC 8484). Knows neither how it was made nor whether there are others.
import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { type Exchanged, sameQuestion } from './carrier.ts'
import type { Lost, Session } from './sessions.ts'
import { SUSPECT_AFTER } from './stream-session.ts'

/** Loaded when the first upstream needs it: a house without one starts sooner. */
const http2 = () => process.getBuiltinModule('node:http2')
/** RFC 8484 §6. */
const MEDIA_TYPE = 'application/dns-message'
/** The largest message of the DNS (RFC 1035 §4.2.2); a longer body is not read. */
const BODY_MAX = 65_535

/** One connection whose peer is who it should be. */
export class HttpSession implements Session {
  readonly #http: ClientHttp2Session
  readonly #path: string
  /** Questions on their way, by when they were sent; in that order. */
  readonly #pending = new Set<{ readonly since: number }>()
  #lastHeard = performance.now()
  #dead = false
  strays = 0
  proven = false

  /** `authority` is the host and port of the URL. Closes itself after `idle` ms without a question. */
  constructor(socket: Socket, authority: string, path: string, idle: number) {
    this.#path = path
    this.#http = http2().connect(`https://${authority}`, { createConnection: () => socket })
    // Each request hears of the session's end itself.
    this.#http.on('error', () => {})
    this.#http.on('goaway', () => this.#http.close())
    this.#http.setTimeout(idle, () => {
      if (this.#pending.size === 0) this.#http.destroy()
    })
  }

  get usable(): boolean {
    return !this.#dead && !this.#http.closed && !this.#http.destroyed
  }

  get inFlight(): number {
    return this.#pending.size
  }

  get suspect(): boolean {
    const [oldest] = this.#pending
    if (oldest === undefined) return false
    return performance.now() - Math.max(oldest.since, this.#lastHeard) > SUSPECT_AFTER
  }

  ask(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged | Lost> {
    if (!this.usable) return Promise.resolve({ kind: 'lost', why: 'closed' })
    // RFC 8484 §4.1: ID 0, since HTTP pairs question and answer.
    packet[0] = 0
    packet[1] = 0
    const mark = { since: performance.now() }
    this.#pending.add(mark)
    return new Promise((resolve) => {
      // POST: smaller than GET, and no cache on the way keeps what this house asks.
      const request = this.#http.request({
        ':method': 'POST',
        ':path': this.#path,
        'content-type': MEDIA_TYPE,
        accept: MEDIA_TYPE,
        'content-length': packet.length,
      })
      const settle = (result: Exchanged | Lost): void => {
        clearTimeout(timer)
        this.#pending.delete(mark)
        if (!request.closed) request.close(http2().constants.NGHTTP2_CANCEL)
        if (this.#dead && this.#pending.size === 0) this.#http.destroy()
        resolve(result)
      }
      const timer = setTimeout(() => {
        if (this.#lastHeard < mark.since) this.#dead = true
        settle({ kind: 'timeout' })
      }, timeout)
      const chunks: Buffer[] = []
      let length = 0
      let responded = false
      request.on('error', (error) => settle({ kind: 'lost', why: error.message }))
      request.on('close', () => settle({ kind: 'lost', why: 'closed without an answer' }))
      request.on('response', (headers) => {
        this.#lastHeard = performance.now()
        this.proven = true
        responded = true
        const fault = responseFault(headers[':status'], headers['content-type'])
        if (fault !== undefined) settle({ kind: 'unreachable', why: fault })
      })
      request.on('data', (chunk: Buffer) => {
        this.#lastHeard = performance.now()
        length += chunk.length
        if (length > BODY_MAX) return settle({ kind: 'unreachable', why: 'a body longer than any message' })
        chunks.push(chunk)
      })
      request.on('end', () => {
        // A connection that breaks ends the body, too.
        if (!responded || request.aborted) return settle({ kind: 'lost', why: 'closed without an answer' })
        settle(this.#answer(Buffer.concat(chunks), packet.subarray(0, questionEnd)))
      })
      request.end(packet)
    })
  }

  close(): void {
    this.#http.destroy()
  }

  #answer(body: Buffer, sent: Uint8Array): Exchanged {
    if (body.length >= 12 && body.readUInt16BE(0) === 0 && sameQuestion(body, sent)) {
      return { kind: 'answer', packet: new Uint8Array(body) }
    }
    this.strays++
    return { kind: 'unreachable', why: 'answered another question' }
  }
}

/** RFC 8484 §4.2.1: only a 2xx status brings a DNS message, and only of its media type. */
function responseFault(status: number | undefined, type: string | undefined): string | undefined {
  if (status !== 200) return `HTTP status ${status ?? 'missing'}`
  return type?.split(';', 1)[0]?.trim().toLowerCase() === MEDIA_TYPE ? undefined : 'another media type than asked for'
}
