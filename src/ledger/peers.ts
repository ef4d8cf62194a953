// How many distinct peers a device talks to on high UDP ports: the mark of peer-to-peer. Knows no evidence.
import type { Address } from '../base/address.ts'
import { type EpochMs, MINUTE } from '../base/clock.ts'
import { Recent } from '../base/recent.ts'
import { LEDGER } from './bounds.ts'
import type { DeviceId } from './device.ts'
import { flat } from './flat.ts'
import type { Report } from './report.ts'

/** Ports above this are where peers of a swarm or a call listen; services stand below. Source: decision note 0004. */
const HIGH_PORT = 30_000
/** Distinct peers that make it peer-to-peer. */
const ENOUGH = 5
/** How close together the connections to them must be. */
const WITHIN = 10 * MINUTE
/** Peers remembered for one device: more than enough to count to five. */
const KEPT = 32

/** Whether a report is one that a peer-to-peer program could have caused. */
export const mayBePeer = (report: Report): boolean =>
  report.proto === 'udp' && report.dport !== undefined && report.dport > HIGH_PORT

/** Recent peers of each device. Bounded: 32 peers for each of at most 8,192 devices, oldest out. */
export class Peers {
  readonly #devices = new Recent<DeviceId, Map<Address, EpochMs>>(LEDGER.devices.max)

  /** Notes that the device talked to a peer. */
  note(device: DeviceId, peer: Address, at: EpochMs): void {
    let peers = this.#devices.get(device)
    if (peers === undefined) {
      peers = new Map()
      this.#devices.set(device, peers)
    }
    peers.delete(peer)
    const oldest = peers.keys().next()
    if (peers.size >= KEPT && !oldest.done) peers.delete(oldest.value)
    peers.set(flat(peer), at)
  }

  /** Whether the device talked to enough distinct peers around a time. */
  many(device: DeviceId, at: EpochMs): boolean {
    let near = 0
    for (const seen of this.#devices.get(device)?.values() ?? []) if (Math.abs(at - seen) <= WITHIN) near++
    return near >= ENOUGH
  }
}
