// What an HTTP request for DNS asks (RFC 8484 §4.1): a message, a body that is one, or a status that says what is
// wrong. Reads text from strangers; knows no socket.
import { HEADER } from '../wire/read-query.ts'
import { clientId } from './client-id.ts'
import { QUERY_MAX } from './udp.ts'

/** Where DNS is served, with a client id behind it or without; the same path as everybody's, so it can be guessed. */
export const DOH_PATH = '/dns-query'
/** Largest body (RFC 8484 §6: a DNS message has at most 65,535 bytes). */
export const BODY_MAX = 65_535
/** Longest text of a message in a URL. */
const TEXT_MAX = Math.ceil((QUERY_MAX * 4) / 3)

/** The statuses that we answer with, besides 200. */
export type Refusal = 400 | 404 | 405 | 408 | 413 | 414 | 415 | 503

/** A request's head, read. */
export type DohRequest =
  | { readonly kind: 'message'; readonly message: Uint8Array; readonly id: string | undefined }
  /** The message is the body. */
  | { readonly kind: 'body'; readonly id: string | undefined }
  | { readonly kind: 'refuse'; readonly status: Refusal }

/** Reads the head of a request. `target` is what stands behind the method: path and query. */
export function readDohRequest(
  method: string | undefined,
  target: string | undefined,
  contentType: string | undefined,
  contentLength: string | undefined,
): DohRequest {
  const [path = '', query = ''] = split(target ?? '', '?')
  const id = path === DOH_PATH ? undefined : idInPath(path)
  if (path !== DOH_PATH && id === undefined) return refuse(404)
  if (method === 'GET') {
    const text = query
      .split('&')
      .find((part) => part.startsWith('dns='))
      ?.slice(4)
    if (text === undefined) return refuse(400)
    if (text.length > TEXT_MAX) return refuse(414)
    const message = fromBase64Url(text)
    return message !== undefined && isQuery(message) ? { kind: 'message', message, id } : refuse(400)
  }
  if (method !== 'POST') return refuse(405)
  if (
    split(contentType ?? '', ';')[0]
      ?.trim()
      .toLowerCase() !== 'application/dns-message'
  )
    return refuse(415)
  return contentLength !== undefined && Number(contentLength) > BODY_MAX ? refuse(413) : { kind: 'body', id }
}

/** Whether bytes are worth answering: a whole header, and not a response (invariant: QR=1 is never answered). */
export const isQuery = (message: Uint8Array): boolean =>
  message.length >= HEADER && ((message[2] as number) & 0x80) === 0

const refuse = (status: Refusal): DohRequest => ({ kind: 'refuse', status })

function idInPath(path: string): string | undefined {
  if (!path.startsWith(`${DOH_PATH}/`)) return undefined
  return clientId(path.slice(DOH_PATH.length + 1))
}

/** RFC 8484 §6: base64url without padding (RFC 4648 §5); other letters are no base64url, not to be passed over. */
function fromBase64Url(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9_-]+$/.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined
}

/** What stands before and behind the first sign. */
function split(text: string, sign: string): readonly [string, string?] {
  const at = text.indexOf(sign)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
