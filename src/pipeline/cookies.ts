// DNS cookies (RFC 7873) of the kind that servers share (RFC 9018): proof that an address is its sender's. Knows no packet.
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
/** RFC 9018 §5: secrets change; the one before is good for as long as a cookie made with it may be. */
const SECRET_LIVES = DAY
const SECRET_BYTES = 16

/** Makes and checks server cookies. */
export class Cookies {
  readonly #random: (bytes: number) => Uint8Array
  #secret: Uint8Array
  #before: Uint8Array | undefined
  #since: EpochMs | undefined

  /** `random` gives bytes that nobody can guess. */
  constructor(random: (bytes: number) => Uint8Array) {
    this.#random = random
    this.#secret = random(SECRET_BYTES)
  }

  /** The whole cookie for a client: its own part as it sent it, and ours. `address`: 4 or 16 bytes. */
  make(cookie: Uint8Array, address: Uint8Array, now: EpochMs): Uint8Array {
    this.#renew(now)
    const whole = new Uint8Array(CLIENT_COOKIE + SERVER_COOKIE)
    whole.set(cookie.subarray(0, CLIENT_COOKIE))
    whole[CLIENT_COOKIE] = VERSION
    new DataView(whole.buffer).setUint32(CLIENT_COOKIE + 4, Math.floor(now / SECOND))
    whole.set(hashOf(whole, address, this.#secret), CLIENT_COOKIE + 8)
    return whole
  }

  /** Whether a cookie is one of ours, made for this address, not too old. */
  judge(cookie: Uint8Array | undefined, address: Uint8Array, now: EpochMs): CookieVerdict {
    if (cookie === undefined || cookie.length === CLIENT_COOKIE) return 'absent'
    if (cookie.length !== CLIENT_COOKIE + SERVER_COOKIE || cookie[CLIENT_COOKIE] !== VERSION) return 'bad'
    this.#renew(now)
    const { buffer, byteOffset } = cookie
    // RFC 9018 §4.3: serial number arithmetic, so that the year 2106 changes nothing.
    const age =
      ((Math.floor(now / SECOND) - new DataView(buffer, byteOffset).getUint32(CLIENT_COOKIE + 4)) | 0) * SECOND
    if (age > OLDEST || age < -AHEAD) return 'bad'
    for (const secret of [this.#secret, this.#before]) {
      if (secret !== undefined && isEqual(hashOf(cookie, address, secret), cookie, CLIENT_COOKIE + 8)) return 'valid'
    }
    return 'bad'
  }

  /** A new secret once a day; the old one is thrown away when no cookie of it can be valid any more. */
  #renew(now: EpochMs): void {
    this.#since ??= now
    if (now - this.#since > OLDEST) this.#before = undefined
    if (now - this.#since < SECRET_LIVES) return
    this.#before = this.#secret
    this.#secret = this.#random(SECRET_BYTES)
    this.#since = now
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
