// What a hostile upstream can send in the place of an answer, each lie with what must become of it. Every packet has the
// right ID and question unless that is the lie. The honest answer is one address, GOOD; FORGED must never come through.
import { answerTo, rcodeTo } from './name-server.ts'

export const GOOD = '192.0.2.1'
export const FORGED = '203.0.113.66'

/** A lie. */
export interface Lie {
  readonly what: string
  readonly packet: (query: Buffer) => Buffer
  /** passed over: not our answer at all; malformed: a failed try; cut: the honest part is kept; kept: harmless. */
  readonly outcome: 'passed over' | 'malformed' | 'cut' | 'kept'
}

const TYPE = { A: 1, CNAME: 5, SOA: 6, TXT: 16, OPT: 41, RRSIG: 46 }
const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const QUESTION_NAME = bytes('c00c')
const wire = (name: string): Buffer =>
  Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)])

function record(owner: Buffer, type: number, data: Buffer, klass = 1): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(klass, 2)
  head.writeUInt32BE(300, 4)
  head.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, head, data])
}

const address = (text: string): Buffer => Buffer.from(text.split('.').map(Number))
const good = record(QUESTION_NAME, TYPE.A, address(GOOD))
const forged = (owner: string): Buffer => record(wire(owner), TYPE.A, address(FORGED))

/** A reply with these records in its sections; `rcode` in the low four bits of the flags. */
function reply(query: Buffer, answer: Buffer[], authority: Buffer[] = [], additional: Buffer[] = []): Buffer {
  const head = rcodeTo(query, 0)
  head.writeUInt16BE(answer.length, 6)
  head.writeUInt16BE(authority.length, 8)
  head.writeUInt16BE(additional.length, 10)
  return Buffer.concat([head, ...answer, ...authority, ...additional])
}

const soa = (zone: string): Buffer =>
  record(wire(zone), TYPE.SOA, Buffer.concat([Buffer.alloc(2), Buffer.alloc(20, 1)]))
const signature = record(QUESTION_NAME, TYPE.RRSIG, Buffer.concat([bytes('0001'), Buffer.alloc(16), Buffer.alloc(65)]))
const opt = record(Buffer.of(0), TYPE.OPT, Buffer.alloc(0), 1232)
const alias = (owner: Buffer, target: string): Buffer => record(owner, TYPE.CNAME, wire(target))

/** Every lie. */
export const LIES: readonly Lie[] = [
  {
    what: 'another name in the question',
    outcome: 'passed over',
    packet: (query) => answerTo(query, FORGED, (r) => r.write('x', 13)),
  },
  { what: 'eleven bytes', outcome: 'passed over', packet: (query) => answerTo(query, FORGED).subarray(0, 11) },
  { what: 'a query', outcome: 'malformed', packet: (query) => answerTo(query, FORGED, (r) => r.writeUInt8(0x01, 2)) },
  {
    what: 'another opcode',
    outcome: 'malformed',
    packet: (query) => answerTo(query, FORGED, (r) => r.writeUInt8(0xa9, 2)),
  },
  {
    what: 'two questions',
    outcome: 'malformed',
    packet: (query) => answerTo(query, FORGED, (r) => r.writeUInt16BE(2, 4)),
  },
  {
    what: 'a count of records that are not there',
    outcome: 'malformed',
    packet: (query) => answerTo(query, FORGED, (r) => r.writeUInt16BE(0xffff, 6)),
  },
  {
    what: 'data longer than the message',
    outcome: 'malformed',
    packet: (query) => answerTo(query, FORGED, (r) => r.writeUInt16BE(400, r.length - 6)),
  },
  {
    what: 'an A record of three bytes',
    outcome: 'malformed',
    packet: (query) => reply(query, [record(QUESTION_NAME, TYPE.A, bytes('cb0071'))]),
  },
  {
    what: 'a pointer forward',
    outcome: 'malformed',
    packet: (query) => reply(query, [record(bytes('c0ff'), TYPE.A, address(FORGED))]),
  },
  {
    what: 'a pointer to itself',
    outcome: 'malformed',
    packet: (query) => {
      const r = reply(query, [good])
      r.writeUInt16BE(0xc000 | (r.length - 16), r.length - 16)
      return r
    },
  },
  {
    what: 'a pointer into the header',
    outcome: 'malformed',
    packet: (query) => reply(query, [record(bytes('c002'), TYPE.A, address(FORGED))]),
  },
  {
    what: 'a reserved kind of label',
    outcome: 'malformed',
    packet: (query) => reply(query, [record(bytes('4161 00'), TYPE.A, address(FORGED))]),
  },
  { what: 'two OPT records', outcome: 'malformed', packet: (query) => reply(query, [good], [], [opt, opt]) },
  { what: 'an OPT record in the answer', outcome: 'malformed', packet: (query) => reply(query, [opt]) },
  {
    what: 'an alias of itself',
    outcome: 'malformed',
    packet: (query) => reply(query, [alias(QUESTION_NAME, 'www.example')]),
  },
  {
    what: 'aliases in a circle',
    outcome: 'malformed',
    packet: (query) =>
      reply(query, [
        alias(QUESTION_NAME, 'a.example'),
        alias(wire('a.example'), 'b.example'),
        alias(wire('b.example'), 'www.example'),
      ]),
  },
  {
    what: 'more aliases than anybody follows',
    outcome: 'malformed',
    packet: (query) =>
      reply(
        query,
        Array.from({ length: 20 }, (_, i) =>
          alias(i === 0 ? QUESTION_NAME : wire(`n${i}.example`), `n${i + 1}.example`),
        ),
      ),
  },
  {
    what: 'a cut answer where there is room',
    outcome: 'malformed',
    packet: (query) => answerTo(query, FORGED, (r) => r.writeUInt8(0x83, 2)),
  },
  {
    what: 'an address of another name in the answer',
    outcome: 'cut',
    packet: (query) => reply(query, [forged('bank.example'), good]),
  },
  {
    what: 'an address behind an alias that nobody named',
    outcome: 'cut',
    packet: (query) => reply(query, [good, forged('a.example')]),
  },
  {
    what: 'an address of a name server that nobody named',
    outcome: 'cut',
    packet: (query) => reply(query, [good], [], [forged('ns.example')]),
  },
  {
    what: 'the authority of another zone',
    outcome: 'cut',
    packet: (query) => reply(query, [good], [soa('bank.example')]),
  },
  {
    what: 'a record of another type',
    outcome: 'cut',
    packet: (query) => reply(query, [record(QUESTION_NAME, TYPE.TXT, bytes('0161')), good]),
  },
  {
    what: 'a record of another class',
    outcome: 'cut',
    packet: (query) => reply(query, [record(QUESTION_NAME, TYPE.A, address(FORGED), 3), good]),
  },
  { what: 'a signature that nobody asked for', outcome: 'cut', packet: (query) => reply(query, [good, signature]) },
  {
    what: 'bytes behind the last record',
    outcome: 'kept',
    packet: (query) => Buffer.concat([reply(query, [good]), forged('bank.example')]),
  },
]
