// A second look at a message's structure, written from RFC 1035 alone: shares no code with what it checks.

/** Whether the counts are true, every name ends, and every byte is part of something. */
export function isWhole(message: Uint8Array): boolean {
  const packet = Buffer.from(message)
  if (packet.length < 12) return false
  const [questions, ...records] = [4, 6, 8, 10].map((at) => packet.readUInt16BE(at)) as [number, ...number[]]
  let at = 12
  for (let i = 0; i < questions; i++) at = afterName(packet, at) + 4
  const total = records.reduce((sum, count) => sum + count, 0)
  for (let i = 0; i < total && at + 10 <= packet.length; i++) {
    const head = afterName(packet, at)
    if (head + 10 > packet.length) return false
    at = head + 10 + packet.readUInt16BE(head + 8)
  }
  return at === packet.length
}

/** Where the name at `start` ends; beyond everything where it does not. */
function afterName(packet: Buffer, start: number): number {
  let after = 0
  let length = 0
  for (let at = start, jumps = 0; at < packet.length && jumps < 128 && length < 256; ) {
    const size = packet[at] as number
    if (size === 0) return after === 0 ? at + 1 : after
    if (size >= 0xc0) {
      if (at + 1 >= packet.length) break
      if (after === 0) after = at + 2
      at = packet.readUInt16BE(at) & 0x3fff
      jumps++
    } else if (size > 63) break
    else {
      at += size + 1
      length += size + 1
    }
  }
  return Number.POSITIVE_INFINITY
}
