// Fetches one list over HTTP into a file: conditional, bounded in size and time, redirected to https only. Knows neither
// lists nor schedules; where names lead is asked of `resolve`.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { isIP } from 'node:net'
import { addressBytes, scopeOf } from '../../base/address.ts'

/** What is asked for. */
export interface FetchOrder {
  readonly url: string
  /** The file to write; it is left as it was unless something new came. */
  readonly into: string
  /** What the server said of the copy that is there; undefined: fetch it whatever is there. */
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

/** How. */
export interface FetchRules {
  /** The addresses of a name, by the resolver's own ways; empty where there are none. */
  readonly resolve: (name: string) => Promise<readonly string[]>
  /** Bytes, as they come over the line. */
  readonly maxBytes: number
  /** Milliseconds for all of it, redirects included. */
  readonly timeout: number
  readonly userAgent: string
  /** Certificates to trust, in PEM; the system's where left out. */
  readonly ca?: string
  /** Told of bytes received so far. */
  readonly progress?: (bytes: number) => void
}

/** What came of it. */
export type Fetched =
  | { readonly kind: 'same' }
  | {
      readonly kind: 'new'
      readonly bytes: number
      /** SHA-256 of the bytes as they were written, hex. */
      readonly sha256: string
      readonly etag: string | undefined
      readonly lastModified: string | undefined
    }
  | { readonly kind: 'failed'; readonly why: string }

const REDIRECTS_MAX = 5

/** Fetches. Never throws; a failure says why, in words for people. */
export async function fetchList(order: FetchOrder, rules: FetchRules): Promise<Fetched> {
  const signal = AbortSignal.timeout(rules.timeout)
  try {
    let url = new URL(order.url)
    let outside = false
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      const addresses = await Promise.race([addressesOf(url, rules), aborted(signal)])
      const scopes = addresses.map((address) => scopeOf(addressBytes(address) as Uint8Array))
      if (scopes.length === 0) return failed(`there is no address for ${url.hostname}`)
      const inside = scopes.some((scope) => scope !== 'global')
      if (isIP(bare(url)) === 0 && scopes.every((scope) => scope === 'loopback' || scope === 'unspecified')) {
        return failed(`the name ${url.hostname} leads nowhere: is it blocked by the house's own lists?`)
      }
      // A server outside must not send us to a machine of the house.
      if (outside && inside) return failed(`it was redirected to ${url.hostname}, which is inside the house`)
      outside ||= !inside
      const response = await ask(url, addresses, order, rules, signal)
      const status = response.statusCode ?? 0
      const location = response.headers.location
      if (status >= 300 && status < 400 && status !== 304 && location !== undefined) {
        response.destroy()
        const next = URL.canParse(location, url) ? new URL(location, url) : undefined
        if (next?.protocol !== 'https:') return failed('it was redirected to something else than https')
        url = next
        continue
      }
      if (status === 304 && order.etag === undefined && order.lastModified === undefined)
        return failed('an answer that does not fit: 304')
      if (status === 304) return discard(response, { kind: 'same' })
      if (status !== 200) return discard(response, failed(`the server answered ${status}`))
      return await keep(response, order.into, rules, signal)
    }
    return failed(`more than ${REDIRECTS_MAX} redirects`)
  } catch (error) {
    return failed(signal.aborted ? `it took longer than ${rules.timeout / 1000} s` : wordsFor(error))
  }
}

const failed = (why: string): Fetched => ({ kind: 'failed', why })

function discard(response: IncomingMessage, result: Fetched): Fetched {
  response.destroy()
  return result
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))

/** The host without the brackets of an IPv6 address. */
const bare = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '')

const addressesOf = async (url: URL, { resolve }: FetchRules): Promise<readonly string[]> =>
  isIP(bare(url)) === 0 ? resolve(url.hostname) : [bare(url)]

function ask(
  url: URL,
  addresses: readonly string[],
  { etag, lastModified }: FetchOrder,
  { userAgent, ca }: FetchRules,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const found = addresses.map((address) => ({ address, family: isIP(address) }))
  const options: RequestOptions & { ca?: string } = {
    signal,
    agent: false,
    headers: {
      'user-agent': userAgent,
      accept: 'text/plain, */*;q=0.5',
      // A file that is packed itself would come packed twice.
      'accept-encoding': /\.gz$/i.test(url.pathname) ? 'identity' : 'gzip',
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
    },
    lookup: (_name, { all }, done) => {
      const [first] = found
      if (all === true) done(null, found)
      else done(null, first?.address ?? '', first?.family)
    },
    ...(ca === undefined ? {} : { ca }),
  }
  return new Promise((resolve, reject) => {
    // Not imported: of a built-in module, `import` evaluates every export, and node:http has all of undici among them.
    const http = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
    const request: ClientRequest = http.request(url, options, resolve)
    request.on('error', reject)
    request.end()
  })
}

/** Writes the body as it comes; packed bodies stay packed, as the reader of lists unpacks them. */
async function keep(response: IncomingMessage, into: string, rules: FetchRules, signal: AbortSignal): Promise<Fetched> {
  const encoding = response.headers['content-encoding']
  if (encoding !== undefined && !/^(gzip|x-gzip|identity)$/i.test(encoding)) {
    return discard(response, failed('it is packed in a way that was not asked for'))
  }
  const hash = createHash('sha256')
  let bytes = 0
  await using file = await open(into, 'w', 0o600)
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > rules.maxBytes) return discard(response, failed(`larger than ${rules.maxBytes} bytes`))
    hash.update(chunk)
    await file.write(chunk)
    rules.progress?.(bytes)
  }
  signal.throwIfAborted()
  const length = response.headers['content-length']
  if (!response.complete || (length !== undefined && Number(length) !== bytes)) return failed('it was cut off')
  await file.sync()
  const { etag, 'last-modified': lastModified } = response.headers
  return { kind: 'new', bytes, sha256: hash.digest('hex'), etag, lastModified }
}

function wordsFor(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ECONNRESET') return 'the connection was broken off'
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'it cannot be reached'
  return message === '' || message === undefined ? String(code ?? error) : message
}
