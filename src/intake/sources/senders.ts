// Who may send: the allow-list of a listener, with the senders that it has judged remembered. Knows no socket.
import { type Address, addressBytes, addressFromBytes, inPrefixes, type Prefix } from '../../base/address.ts'
import { remember } from '../remember.ts'

/** A sender as a listener sees it. */
export interface Sender {
  /** Canonical: an IPv4 sender on an IPv6 socket is written as IPv4. */
  readonly address: Address
  readonly allowed: boolean
}

/** Makes a look-up of senders by the address text that a socket gives (with a zone, perhaps). */
export function senders(allowFrom: readonly Prefix[]): (text: string) => Sender | undefined {
  // A flood of forged senders costs at most the memory of this many.
  return remember((text): Sender | undefined => {
    const bytes = addressBytes(text)
    return bytes && { address: addressFromBytes(bytes), allowed: inPrefixes(allowFrom, bytes) }
  }, 1024)
}
