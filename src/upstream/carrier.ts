// What every way to an upstream has in common: a packet goes out, an answer to its question comes back, or why not.

/** How one packet's exchange ended. */
export type Exchanged =
  | { readonly kind: 'answer'; readonly packet: Uint8Array }
  | { readonly kind: 'timeout' }
  /** The network says so, or the server's HTTP: nobody listens there, or there is no way there. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** Somebody is there who cannot prove to be the upstream. Nothing was sent. */
  | { readonly kind: 'untrusted'; readonly why: string }
  /** As many questions are on their way as may be. */
  | { readonly kind: 'busy' }

/** Figures of one way. */
export interface CarrierFigures {
  readonly inFlight: number
  /** Messages with a wrong ID or question: forged, or very late. */
  readonly strays: number
  /** Connections that were made, those of them that took up an earlier TLS session, and those that a question found dead. */
  readonly opened: number
  readonly resumed: number
  readonly foundDead: number
}

/** A way to one upstream. */
export interface Carrier {
  /**
   * Sends `packet` (its ID is set here) and waits at most `timeout` ms for the answer to this question.
   * `questionEnd`: where the question in the packet ends; letter case is compared by the caller.
   */
  exchange(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged>
  readonly figures: CarrierFigures
  close(): void
}

/** Whether the answer carries the question as sent, letter case aside (RFC 5452 §4.2). */
export function sameQuestion(packet: Uint8Array, sent: Uint8Array): boolean {
  if (packet.length < sent.length) return false
  for (let i = 12; i < sent.length; i++) {
    const a = packet[i] as number
    const b = sent[i] as number
    if (a !== b && !((a ^ b) === 0x20 && (a | 0x20) >= 0x61 && (a | 0x20) <= 0x7a)) return false
  }
  return true
}
