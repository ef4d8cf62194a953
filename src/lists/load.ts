// Reads all lists and compiles them into one policy, whole or not at all. Runs in the compile worker.
import type { Place, Problem } from '../base/failure.ts'
import { policyBuilder, type Taken } from '../policy/compile.ts'
import type { Conditionals } from '../policy/conditionals.ts'
import type { ListInfo } from '../policy/decision.ts'
import type { Seed } from '../policy/hash.ts'
import { kins } from '../policy/kin.ts'
import { inList, isRewrite, NXDOMAIN } from '../policy/rule.ts'
import { type FileEvents, readListFile } from './file.ts'
import { joinRecords } from './join-records.ts'
import { type Contents, contentHash, keyOf } from './list-key.ts'
import type { LoadProgress } from './load-progress.ts'
import { ListReader, type ListSink, type Reading } from './read.ts'
import { type FoundList, findLists, type ListSources } from './sources.ts'

/** A list as it was read. */
export interface ListReport extends ListInfo {
  /** Lines of rules that were left aside, by kind (see `SKIPS`). */
  readonly skipped: Reading['skipped']
  readonly confidence: number
  readonly subdomains: boolean
  /** Where it was downloaded from. */
  readonly url?: string
}

/** What compiling came to. */
export type Compilation =
  | {
      readonly kind: 'compiled'
      readonly buffer: SharedArrayBuffer
      readonly conditionals: Conditionals
      readonly lists: readonly ListReport[]
      /** Lines that fit no format; and, with `leave-out`, the lists that are missing from this policy. */
      readonly problems: readonly Problem[]
      readonly blocked: number
      readonly allowed: number
      /** Milliseconds that reading and compiling took. */
      readonly ms: number
      /** What identifies the lists as they were read, see `keyOf`; undefined where some are not there. */
      readonly key: Uint8Array | undefined
    }
  /** Nothing was compiled: the policy before stays. */
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

/**
 * What to do with a list that cannot be used as a whole (unreadable, no text, larger than the bounds): `refuse` keeps
 * the policy that is there, `leave-out` goes on without the list, for a start, when there is no policy yet.
 */
export type OnBroken = 'refuse' | 'leave-out'

/** Loads all lists; `progress` is told of each piece that is read. Rejected lines are reported and never stop it; a list that is broken as a whole may, see `OnBroken`. */
export async function loadPolicy(
  sources: ListSources,
  onBroken: OnBroken,
  seed: Seed,
  progress: (progress: LoadProgress) => void = () => {},
): Promise<Compilation> {
  const started = performance.now()
  const { lists, problems, warnings } = await findLists(sources)
  const broken = new Map<FoundList, Problem>()
  const contents: Contents = new Map()
  if (problems.length > 0 && onBroken === 'refuse') return { kind: 'refused', problems }
  for (;;) {
    const result = await compile(lists, broken, seed, progress, contents)
    if (!(result instanceof Map)) {
      const all = [...problems, ...warnings, ...broken.values(), ...result.problems]
      const key = problems.length === 0 ? await keyOf(lists, contents) : undefined
      return { kind: 'compiled', ...result, problems: all, key, ms: performance.now() - started }
    }
    if (onBroken === 'refuse') return { kind: 'refused', problems: [...result.values()] }
    // Some of its rules may have been taken before a list turned out broken: so once more, without it.
    for (const [list, problem] of result) broken.set(list, problem)
  }
}

/** Compiles the lists but for those in `without`; or tells which of them are broken as a whole, and how. */
async function compile(
  lists: readonly FoundList[],
  without: ReadonlyMap<FoundList, Problem>,
  seed: Seed,
  progress: (progress: LoadProgress) => void,
  contents: Contents,
) {
  let bytes = 0
  const builder = policyBuilder(seed)
  const broken = new Map<FoundList, Problem>()
  const readings: (Reading | undefined)[] = []
  const kin = kins(lists)
  for (const [i, list] of lists.entries()) {
    builder.beginList(kin[i])
    const sink = sinkFor(list, builder)
    const content = contentHash()
    const events: FileEvents = {
      bytes: (more) => {
        bytes += more
        progress({ list: list.name, number: i + 1, of: lists.length, bytes })
      },
      raw: (piece) => void content.update(piece),
    }
    const reading = without.has(list) ? undefined : await readList(list, sink, events)
    const full = sink.flush() === 'full'
    if (reading !== undefined && 'code' in reading) broken.set(list, reading)
    else if (full) broken.set(list, tooMany(list))
    else {
      if (reading !== undefined && list.path !== undefined) contents.set(list.path, content.digest())
      readings.push(reading && { ...reading, skipped: withRewrites(reading.skipped, sink.rewrites()) })
    }
  }
  if (broken.size > 0) return broken
  const { rules, ...compiled } = builder.finish()
  const problems = readings.flatMap((reading) => reading?.problems ?? [])
  return { ...compiled, problems, lists: lists.map((list, i) => reportOn(list, readings[i], rules[i] as number)) }
}

/** A sink that fills the policy; what is left at the end is to be flushed. */
interface PolicySink extends ListSink {
  readonly flush: () => Taken
  /** Rules left aside because the list may not say where names lead. */
  readonly rewrites: () => number
}

const sinkFor = ({ kind, subdomains, rewrites }: FoundList, builder: ReturnType<typeof policyBuilder>): PolicySink => {
  const wire = new Uint8Array(256)
  let left = 0
  const { conditional, flush } = joinRecords((rule, line) => builder.addConditional(inList(rule, kind), line))
  return {
    wire,
    rule: (exception, subtree, line) =>
      flush() !== 'full' && builder.add(exception ? 'allow' : kind, subtree || subdomains, wire, line),
    conditional: (rule, line) => {
      if (rewrites || !isRewrite(rule)) return conditional(rule, line)
      left++
      return 'taken'
    },
    flush,
    rewrites: () => left,
  }
}

const withRewrites = (skipped: Reading['skipped'], rewrite: number): Reading['skipped'] =>
  rewrite === 0 ? skipped : { ...skipped, rewrite }

const tooMany = ({ name, path }: FoundList): Problem => ({
  code: 'ASKFIRST_E_LIST_BOUND',
  message: 'more rules than one policy can hold',
  place: path === undefined ? { path: name } : { file: path },
})

/** Reads one list, wherever it stands; `events` are told where that is a file. */
export function readList(
  list: FoundList,
  sink: ListSink,
  events?: FileEvents,
): Promise<Reading | Problem> | Reading | Problem {
  const { path, name, rules, shown, lines } = list
  const place = (read?: number): Place => {
    const line = read === undefined ? undefined : (lines?.[read - 1] ?? read)
    return path === undefined && shown === undefined
      ? { path: line === undefined ? name : `${name}[${line - 1}]` }
      : line === undefined
        ? { file: path ?? (shown as string) }
        : { file: path ?? (shown as string), line }
  }
  const reader = new ListReader(place, list.format, lines === undefined ? sink : numbered(sink, lines))
  if (path !== undefined) return readListFile(path, reader, events)
  for (const rule of rules) {
    // One line for each rule, whatever stands in it.
    const problem = reader.push(Buffer.from(`${rule.replaceAll('\n', '\\n')}\n`))
    if (problem !== undefined) return problem
  }
  return reader.end()
}

/** The same sink, told the lines that rules have where they were taken from. */
const numbered = (sink: ListSink, lines: readonly number[]): ListSink => ({
  wire: sink.wire,
  rule: (exception, subtree, line) => sink.rule(exception, subtree, lines[line - 1] ?? line),
  conditional: (rule, line) => sink.conditional(rule, lines[line - 1] ?? line),
  line: (bytes, from, to, line) => sink.line?.(bytes, from, to, lines[line - 1] ?? line),
})

const reportOn = (list: FoundList, reading: Reading | undefined, rules: number): ListReport => ({
  name: list.name,
  path: list.path ?? list.shown,
  kind: list.kind,
  ...(list.groups === undefined ? {} : { groups: list.groups }),
  ...(list.device === undefined ? {} : { device: list.device }),
  ...(list.blockAnswer === undefined ? {} : { blockAnswer: list.blockAnswer }),
  rules,
  formats: reading?.formats ?? [],
  confidence: reading?.confidence ?? 0,
  subdomains: list.subdomains,
  ...(list.url === undefined ? {} : { url: list.url }),
  ...(reading?.formats[0] === 'rpz' ? { answer: NXDOMAIN } : {}),
  lines: reading?.lines ?? 0,
  rejected: reading?.rejected ?? 0,
  skipped: reading?.skipped ?? {},
})
