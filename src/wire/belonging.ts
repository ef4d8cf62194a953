// Does a record belong to the question that was asked? Judges one after the other, as they stand in the message; a
// record that does not belong, or not at this place, is foreign. Knows the names of the message, not its bytes' fate.
//
// What belongs: in the answer, the aliases from the asked name on, in order, then the asked type at the last of them. In the authority section, what a
// zone that holds such a name says of itself. In the additional section, addresses of names that a record before points at.
import { TYPE } from '../base/question.ts'
import { u16 } from './bytes.ts'
import { isUnderAt, sameName } from './message-names.ts'
import { HEADER } from './read-query.ts'

/** The sections of a message that have records. */
export type Section = 'answer' | 'authority' | 'additional'

/** Aliases followed for one question; unbound and BIND stop at 11 and 16. */
export const MAX_ALIASES = 16
/** Names that records point at and whose addresses may stand in the additional section. A zone rarely has 13 servers. */
const MAX_REFERRED = 64

const FOREIGN = 'foreign'

/** The question of one message, and what its records have said so far. */
export class Belonging {
  readonly #packet: Uint8Array
  readonly #type: number
  readonly #dnssecOk: boolean
  /** Where the names stand: the asked one, then what each is an alias of. Made with the first alias. */
  #chain: number[] | undefined
  #last = HEADER
  #referred: number[] | undefined
  /** Zones that sign: the signers of RRSIG records. */
  #apexes: number[] | undefined
  /** Owners of NSEC and NSEC3 records, to be found under one of those. */
  #denials: number[] | undefined
  /** Whether the asked type is there. */
  answered = false
  /** Whether name servers of a zone are named. */
  delegates = false

  /** `type` is the asked one; the question's name stands behind the header. */
  constructor(packet: Uint8Array, type: number, dnssecOk: boolean) {
    this.#packet = packet
    this.#type = type
    this.#dnssecOk = dnssecOk
  }

  /** Judges the next record: `undefined` where it belongs, `foreign`, or what makes the whole message wrong. */
  judge(section: Section, owner: number, type: number, data: number): string | undefined {
    if (section === 'answer') return this.#answer(owner, type, data)
    // RFC 4035 §3.2.1: who did not ask for DNSSEC's records does not get them, unless by type.
    if (!this.#dnssecOk && isDnssec(type)) return FOREIGN
    return section === 'authority' ? this.#authority(owner, type, data) : this.#additional(owner, type)
  }

  /** After the last record: whether each denial lies in a zone that signs for a name of the chain. */
  complete(): boolean {
    const { length } = this.#denials ?? []
    for (let i = 0; i < length; i++) {
      const owner = this.#denials?.[i] as number
      if (!(this.#apexes?.some((apex) => isUnderAt(this.#packet, owner, apex)) ?? false)) return false
    }
    return true
  }

  #answer(owner: number, type: number, data: number): string | undefined {
    const packet = this.#packet
    const asked = this.#type
    const last = this.#last
    if (type === asked || asked === TYPE.ANY) {
      if (!sameName(packet, owner, last)) return FOREIGN
      this.answered = true
      if (type !== TYPE.A && type !== TYPE.AAAA) this.#refer(owner, type, data)
      return undefined
    }
    if (type === TYPE.CNAME) {
      // RFC 1034 §3.6.2: an alias has no other data.
      if (this.answered || !sameName(packet, owner, last)) return FOREIGN
      return this.#alias(data)
    }
    if (type === TYPE.DNAME) return isUnderAt(packet, last, owner) ? undefined : FOREIGN
    if (type !== TYPE.RRSIG || !this.#dnssecOk) return FOREIGN
    // An alias is signed behind it, when the chain has gone on already; a DNAME's owner lies above the chain's names.
    const covered = u16(packet, data)
    if (covered !== asked && covered !== TYPE.CNAME && covered !== TYPE.DNAME) return FOREIGN
    const signs = (name: number): boolean =>
      covered === TYPE.DNAME ? isUnderAt(packet, name, owner) : sameName(packet, owner, name)
    if (!(this.#chain ?? [last]).some(signs)) return FOREIGN
    this.#sign(data + SIGNER)
    return undefined
  }

  #alias(target: number): string | undefined {
    this.#chain ??= [HEADER]
    for (const name of this.#chain) if (sameName(this.#packet, name, target)) return 'aliases that go in a circle'
    if (this.#chain.length > MAX_ALIASES) return 'too many aliases'
    this.#chain.push(target)
    this.#last = target
    return undefined
  }

  #authority(owner: number, type: number, data: number): string | undefined {
    const packet = this.#packet
    switch (type) {
      case TYPE.NS:
        this.delegates = true
        this.#refer(owner, type, data)
        return this.#isAbove(owner) ? undefined : FOREIGN
      case TYPE.SOA:
      case TYPE.DS:
        return this.#isAbove(owner) ? undefined : FOREIGN
      case TYPE.RRSIG:
        if (!this.#isAbove(data + SIGNER)) return FOREIGN
        this.#sign(data + SIGNER)
        return isUnderAt(packet, owner, data + SIGNER) ? undefined : FOREIGN
      case TYPE.NSEC:
      case TYPE.NSEC3:
        this.#denials ??= []
        this.#denials.push(owner)
        return undefined
      default:
        return FOREIGN
    }
  }

  #additional(owner: number, type: number): string | undefined {
    const glue =
      type === TYPE.A || type === TYPE.AAAA || type === TYPE.SVCB || type === TYPE.HTTPS || type === TYPE.RRSIG
    return glue && (this.#referred?.some((name) => sameName(this.#packet, owner, name)) ?? false) ? undefined : FOREIGN
  }

  /** Whether the zone at `zone` holds a name of the chain. */
  #isAbove(zone: number): boolean {
    if (isUnderAt(this.#packet, this.#last, zone)) return true
    return this.#chain?.some((name) => isUnderAt(this.#packet, name, zone)) ?? false
  }

  #sign(signer: number): void {
    this.#apexes ??= []
    if (this.#apexes.length < MAX_REFERRED && this.#isAbove(signer)) this.#apexes.push(signer)
  }

  #refer(owner: number, type: number, data: number): void {
    const skip = POINTS_AT[type]
    if (skip === undefined) return
    this.#referred ??= []
    if (this.#referred.length >= MAX_REFERRED) return
    // RFC 9460 §2.5: the target "." of a service record is its owner.
    const isOwner = this.#packet[data + skip] === 0 && (type === TYPE.SVCB || type === TYPE.HTTPS)
    this.#referred.push(isOwner ? owner : data + skip)
  }
}

/** Offset of the signer's name in an RRSIG's data (RFC 4034 §3.1). */
const SIGNER = 18

/** Where in the data of a record the name stands whose addresses a sender may add. */
const POINTS_AT: Readonly<Record<number, number>> = {
  [TYPE.NS]: 0,
  [TYPE.MX]: 2,
  [TYPE.SRV]: 6,
  [TYPE.SVCB]: 2,
  [TYPE.HTTPS]: 2,
}

const isDnssec = (type: number): boolean => type === TYPE.RRSIG || type === TYPE.NSEC || type === TYPE.NSEC3
