// Cuts the records out of an upstream's message that do not belong to its question, and puts aliases in their order.
// The seldom way: most messages have nothing to cut. Names are written anew, since pointers may lead into what is cut.
import { CLASS, TYPE } from '../base/question.ts'
import { Belonging, type Section } from './belonging.ts'
import { putU16, u16 } from './bytes.ts'
import { expandWire, isUnderAt, NameWalk, sameName } from './message-names.ts'
import { HEADER, questionNameLength } from './read-query.ts'
import { namesIn } from './record-names.ts'
import { MESSAGE_MAX } from './write-reply.ts'

/** A message of nothing but what belongs to its question, and how many records were cut out. */
export interface Sifted {
  readonly packet: Uint8Array
  readonly cut: number
}

/** Records that are looked at one by one; a message that has something to cut and more than these is not worth it. */
const MAX_RECORDS = 512

interface Found {
  readonly section: Section
  readonly start: number
  readonly type: number
  /** Where type, class, TTL and length stand; the data follows. */
  readonly head: number
  readonly end: number
}

/** Sifts a response with one whole question. What is left is in order: each alias, its signature, then what it leads to. */
export function sift(packet: Uint8Array, dnssecOk: boolean): Sifted | { readonly malformed: string } {
  const questionEnd = HEADER + questionNameLength(packet, HEADER, packet.length) + 4
  const records = readRecords(packet, questionEnd)
  if (typeof records === 'string') return { malformed: records }
  const asked = u16(packet, questionEnd - 4)
  const belonging = new Belonging(packet, asked, dnssecOk)
  const kept: Found[] = []
  let cut = 0
  for (const record of inOrder(packet, records, asked)) {
    const { section, start, type, head } = record
    const verdict =
      type === TYPE.OPT
        ? undefined
        : u16(packet, head + 2) === CLASS.IN
          ? belonging.judge(section, start, type, head + 10)
          : 'foreign'
    if (verdict === undefined) kept.push(record)
    else if (verdict !== 'foreign') return { malformed: verdict }
    else cut++
  }
  if (!belonging.complete()) {
    const denials = kept.filter(({ type }) => type === TYPE.NSEC || type === TYPE.NSEC3)
    cut += denials.length
    for (const denial of denials) kept.splice(kept.indexOf(denial), 1)
  }
  const written = write(packet, questionEnd, kept)
  return written === undefined ? { malformed: 'too long without its compression' } : { packet: written, cut }
}

/** Every record, checked as far as its names are needed here; what follows an OPT record is left out. */
function readRecords(packet: Uint8Array, at: number): readonly Found[] | string {
  const names = new NameWalk(packet)
  const records: Found[] = []
  for (const [i, section] of (['answer', 'authority', 'additional'] as const).entries()) {
    for (let left = u16(packet, 6 + 2 * i); left > 0; left--) {
      const start = at
      const head = names.skip(start, packet.length)
      if (head === 0 || head + 10 > packet.length) return `a record in ${section} is cut`
      const type = u16(packet, head)
      const data = head + 10
      const end = data + u16(packet, head + 8)
      if (end > packet.length) return `the data of a record in ${section} is cut`
      if (!namesAreWhole(names, type, data, end)) return 'a name in record data is malformed'
      if (records.length === MAX_RECORDS) return 'too many records that do not belong to the question'
      records.push({ section, start, type, head, end })
      at = end
      if (type === TYPE.OPT) return section === 'additional' ? records : 'a second or misplaced OPT record'
    }
  }
  return records
}

function namesAreWhole(names: NameWalk, type: number, data: number, end: number): boolean {
  if (type === TYPE.RRSIG) return names.skip(data + 18, end) !== 0
  if (type === TYPE.SVCB || type === TYPE.HTTPS) return names.skip(data + 2, end) !== 0
  const layout = namesIn(type)
  if (layout === undefined) return true
  let at = names.skip(data + layout.skip, end)
  if (layout.count === 2 && at !== 0) at = names.skip(at, end)
  return at !== 0 && end - at === layout.rest
}

/** The records with those of the answer in the order of the alias chain; answers that no alias leads to come last. */
function inOrder(packet: Uint8Array, records: readonly Found[], asked: number): readonly Found[] {
  const waiting = records.filter(({ section }) => section === 'answer')
  const ordered: Found[] = []
  const take = (wanted: (record: Found) => boolean): Found | undefined => {
    const at = waiting.findIndex(wanted)
    if (at < 0) return undefined
    const [found] = waiting.splice(at, 1)
    ordered.push(found as Found)
    return found
  }
  let name: number = HEADER
  const signs = (record: Found, covered: number): boolean =>
    record.type === TYPE.RRSIG && u16(packet, record.head + 10) === covered && sameName(packet, record.start, name)
  for (;;) {
    while (take(({ type, start }) => type === TYPE.DNAME && asked !== type && isUnderAt(packet, name, start)));
    const alias =
      asked === TYPE.CNAME ? undefined : take(({ type, start }) => type === TYPE.CNAME && sameName(packet, start, name))
    if (alias === undefined) break
    while (take((record) => signs(record, TYPE.CNAME)));
    name = alias.head + 10
  }
  return [...ordered, ...waiting, ...records.filter(({ section }) => section !== 'answer')]
}

/** The message again, of these records, its names without compression but for the question's. */
function write(packet: Uint8Array, questionEnd: number, records: readonly Found[]): Uint8Array | undefined {
  const out = new Uint8Array(MESSAGE_MAX)
  out.set(packet.subarray(0, questionEnd))
  out.fill(0, 6, HEADER)
  let at = questionEnd
  const put = (bytes: Uint8Array): boolean => {
    if (at + bytes.length > MESSAGE_MAX) return false
    out.set(bytes, at)
    at += bytes.length
    return true
  }
  for (const { section, start, type, head, end } of records) {
    const owner = type !== TYPE.OPT && sameName(packet, start, HEADER) ? QUESTION : expandWire(packet, start)
    if (!put(owner) || !put(packet.subarray(head, head + 10))) return undefined
    const length = at - 2
    if (!putData(packet, type, head + 10, end, put)) return undefined
    putU16(out, length, at - length - 2)
    const count = 6 + 2 * SECTIONS[section]
    putU16(out, count, u16(out, count) + 1)
  }
  return out.slice(0, at)
}

function putData(
  packet: Uint8Array,
  type: number,
  data: number,
  end: number,
  put: (bytes: Uint8Array) => boolean,
): boolean {
  const layout = namesIn(type)
  if (layout === undefined) return put(packet.subarray(data, end))
  let at = data + layout.skip
  if (!put(packet.subarray(data, at))) return false
  for (let left = layout.count; left > 0; left--) {
    if (!put(expandWire(packet, at))) return false
    at = behind(packet, at)
  }
  return put(packet.subarray(at, end))
}

/** Offset behind the name at `at`, which is well-formed. */
function behind(packet: Uint8Array, at: number): number {
  for (;;) {
    const size = packet[at] as number
    if (size >= 0xc0) return at + 2
    at += size + 1
    if (size === 0) return at
  }
}

/** Compression pointer to the question's name. */
const QUESTION = Uint8Array.of(0xc0, HEADER)
const SECTIONS = { answer: 0, authority: 1, additional: 2 } as const
