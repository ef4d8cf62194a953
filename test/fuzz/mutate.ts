// Packets made wrong: a sample with a few changes of the kinds that parsers trip over. The same seed gives the same ones.
import { type Chance, chance } from '../../bench/chance.ts'

/** Bytes with a meaning: counts, label lengths and their bounds, compression pointers, option codes. */
const TELLING = [0, 1, 2, 8, 10, 11, 12, 15, 29, 41, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xc1, 0xff]

/** What is longer is cut to its header by the transports. */
const LONGEST = 4096

/** Makes one mutated packet at each call. */
export function mutations(samples: readonly Uint8Array[], seed: number): () => Buffer {
  const random = chance(seed)
  const below = (bound: number): number => Math.floor(random() * bound)
  const sample = (): Buffer => Buffer.from(samples[below(samples.length)] as Uint8Array)
  return () => {
    let packet = sample()
    for (let changes = below(5); changes >= 0; changes--) packet = change(packet, below, random, sample)
    return packet.subarray(0, LONGEST)
  }
}

function change(packet: Buffer, below: (bound: number) => number, random: Chance, sample: () => Buffer): Buffer {
  if (packet.length === 0) return Buffer.of(below(256))
  const at = below(packet.length)
  switch (below(9)) {
    case 0:
      packet[at] = (packet[at] as number) ^ (1 << below(8))
      return packet
    case 1:
      packet[at] = TELLING[below(TELLING.length)] as number
      return packet
    case 2:
      // A count, or the flags.
      packet[2 + below(10)] = random() < 0.5 ? below(4) : below(256)
      return packet
    case 3:
      return packet.subarray(0, at)
    case 4:
      return Buffer.concat([packet, Buffer.from(Array.from({ length: below(40) }, () => below(256)))])
    case 5: {
      const other = sample()
      return Buffer.concat([packet.subarray(0, at), other.subarray(below(other.length + 1))])
    }
    case 6:
      return Buffer.concat([packet.subarray(0, at), packet.subarray(at - below(at + 1), at), packet.subarray(at)])
    case 7:
      // A pointer to somewhere.
      if (at + 1 < packet.length) packet.writeUInt16BE(0xc000 | below(packet.length + 8), at)
      return packet
    default:
      packet.fill(below(256), at, Math.min(packet.length, at + below(12)))
      return packet
  }
}
