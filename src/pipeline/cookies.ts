// DNS cookies (RFC 7873) of the kind that servers share (RFC 9018): proof that an address is its sender's. Knows no packet.
import { createHmac } from 'node:crypto'
import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { CLIENT_COOKIE } from '../wire/edns-options.ts'
import { sipHash } from '../wire/siphash.ts'

/** How a cookie is to be taken. `absent`: a client cookie alone, or none. */
export type CookieVerdict = 'absent' | 'valid' | 'bad'

/** RFC 9018 §4: version 1, three reserved bytes, time, hash. */
const SERVER_COOKIE = 16
const VERSION = 1
/** RFC 9018 §4.3: an hour old at most, five minutes ahead at most. */
const OLDEST = HOUR
const AHEAD = 5 * MINUTE
/** RFC 9018 §5: secrets change. A cookie says when it was made, and so with which. */
const SECRET_LIVES = DAY
const SECRET_BYTES = 16

/** The secret, 16 bytes, of a period, numbered from 1970 on. */
type SecretOf = (period: number) => Uint8Array

/**
 * The secrets that follow from one seed: bytes that nobody can guess. Resolver threads that have the same one take each
 * other's cookies without a word between them, and a secret that becomes known tells of no other.
 */
export function secretsFrom(seed: Uint8Array): SecretOf {
  let [known, secret] = [Number.NaN, seed]
  return (period) => {
    if (period !== known) {
      secret = createHmac('sha256', seed).update(`cookies ${period}`).digest().subarray(0, SECRET_BYTES)
      known = period
    }
    return secret
  }
}

/** Makes and checks server cookies. */
export class Cookies {
  readonly #secretOf: SecretOf

  constructor(secretOf: SecretOf) {
    this.#secretOf = secretOf
  }

  /** The whole cookie for a client: its own part as it sent it, and ours. `address`: 4 or 16 bytes. */
  make(cookie: Uint8Array, address: Uint8Array, now: EpochMs): Uint8Array {
    const whole = new Uint8Array(CLIENT_COOKIE + SERVER_COOKIE)
    whole.set(cookie.subarray(0, CLIENT_COOKIE))
    whole[CLIENT_COOKIE] = VERSION
    new DataView(whole.buffer).setUint32(CLIENT_COOKIE + 4, Math.floor(now / SECOND))
    whole.set(hashOf(whole, address, this.#secretAt(now)), CLIENT_COOKIE + 8)
    return whole
  }

  /** Whether a cookie is one of ours, made for this address, not too old. */
  judge(cookie: Uint8Array | undefined, address: Uint8Array, now: EpochMs): CookieVerdict {
    if (cookie === undefined || cookie.length === CLIENT_COOKIE) return 'absent'
    if (cookie.length !== CLIENT_COOKIE + SERVER_COOKIE || cookie[CLIENT_COOKIE] !== VERSION) return 'bad'
    const { buffer, byteOffset } = cookie
    const seconds = Math.floor(now / SECOND)
    // RFC 9018 §4.3: serial number arithmetic, so that the year 2106 changes nothing.
    const age = (seconds - new DataView(buffer, byteOffset).getUint32(CLIENT_COOKIE + 4)) | 0
    if (age * SECOND > OLDEST || age * SECOND < -AHEAD) return 'bad'
    const hash = hashOf(cookie, address, this.#secretAt((seconds - age) * SECOND))
    return isEqual(hash, cookie, CLIENT_COOKIE + 8) ? 'valid' : 'bad'
  }

  #secretAt(time: EpochMs): Uint8Array {
    return this.#secretOf(Math.floor(time / SECRET_LIVES))
  }
}

/** RFC 9018 §4.4: over client cookie, version, reserved bytes, time, and the client's address. */
function hashOf(cookie: Uint8Array, address: Uint8Array, secret: Uint8Array): Uint8Array {
  const data = new Uint8Array(CLIENT_COOKIE + 8 + address.length)
  data.set(cookie.subarray(0, CLIENT_COOKIE + 8))
  data.set(address, CLIENT_COOKIE + 8)
  return sipHash(secret, data)
}

/** In the same time wherever the first difference is. */
function isEqual(hash: Uint8Array, cookie: Uint8Array, at: number): boolean {
  let difference = 0
  for (let i = 0; i < hash.length; i++) difference |= (hash[i] as number) ^ (cookie[at + i] as number)
  return difference === 0
}
