// YAML text to plain values, each with its place in the text. Knows no key of ours. The door of yaml.
import type { Pair, YAMLError } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'

/** Where something stands: line and column, both from 1. */
export interface Spot {
  readonly line: number
  readonly column: number
}

/** Keys and indexes from the root to a value. */
export type Path = readonly (string | number)[]

/** A YAML document as values. */
export interface Document {
  /**
   * Maps as objects without a prototype, lists as arrays; undefined where the text is not YAML.
   * What `problems` names by a path is left out.
   */
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** Paths that `problems` are about. */
  readonly broken: readonly Path[]
  /** Where the value at `path` stands, or its key; where there is none, the nearest thing around it. */
  readonly spot: (path: Path, part: 'key' | 'value') => Spot
}

/** Deepest nesting that is read. A configuration needs 5 levels. */
const DEPTH_MAX = 16

/**
 * Reads one YAML document. The caller bounds the size of the text.
 * Refuses what a configuration has no use for and an enemy has: aliases, tags, several documents, deep nesting.
 * Problems: `ASKFIRST_E_CONFIG_SYNTAX`.
 */
export function readDocument(text: string, file: string): Document {
  const lines = new LineCounter()
  // Duplicate keys are found below: the check of the library is quadratic (200,000 keys: eight minutes).
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, lineCounter: lines })
  const at = (offset: number): Spot => {
    const { line, col } = lines.linePos(Math.min(offset, text.length))
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) return notYaml(faults, file, at)
  const walk: Walk = { file, at, problems: [], broken: [] }
  const root = locate(document.contents, 0, [], walk)
  const spot = (path: Path, part: 'key' | 'value'): Spot => at(offsetAt(root, path, part))
  return { value: root.value, problems: walk.problems, broken: walk.broken, spot }
}

/** A value, where its key and itself begin, and the same of what is in it. Offsets into the text. */
interface Located {
  readonly value: unknown
  readonly key: number
  readonly at: number
  readonly inner: ReadonlyMap<string | number, Located>
}

/** What one walk over the nodes carries and collects. */
interface Walk {
  readonly file: string
  readonly at: (offset: number) => Spot
  readonly problems: Problem[]
  readonly broken: Path[]
}

function locate(node: unknown, key: number, path: Path, walk: Walk): Located {
  const at = offsetOf(node) ?? key
  if (path.length > DEPTH_MAX) return refuse(walk, path, key, at, `is nested more than ${DEPTH_MAX} levels deep`)
  if (isAlias(node)) {
    const star = safeText(`*${node.source}`, 64)
    const hint = `If ${star} is meant as text, put it in quotes: '${star}'. Else write the value out.`
    return refuse(walk, path, key, at, `${star} is a YAML alias, which is not supported`, hint)
  }
  if (isMap(node)) return locateMap(node.items, key, at, path, walk)
  if (isSeq(node)) {
    const items = node.items.map((item, i) => locate(item, offsetOf(item) ?? at, [...path, i], walk))
    return { value: items.map((item) => item.value), key, at, inner: new Map(items.entries()) }
  }
  return { value: isScalar(node) ? node.value : null, key, at, inner: new Map() }
}

function locateMap(pairs: readonly Pair[], key: number, at: number, path: Path, walk: Walk): Located {
  const value: Record<string, unknown> = Object.create(null)
  const inner = new Map<string, Located>()
  for (const pair of pairs) {
    const keyAt = offsetOf(pair.key) ?? at
    if (!isScalar(pair.key) || pair.key.value === null || pair.key.value === '__proto__') {
      tell(walk, path, keyAt, 'a key must be plain text', QUOTE)
      continue
    }
    const name = String(pair.key.value)
    const first = inner.get(name)
    if (first !== undefined) {
      const message = `stands twice; the first one is in line ${walk.at(first.key).line}`
      refuse(walk, [...path, name], keyAt, keyAt, message, 'Keep one of the two.')
      continue
    }
    const found = locate(pair.value, keyAt, [...path, name], walk)
    inner.set(name, found)
    if (found.value !== undefined) value[name] = found.value
  }
  return { value, key, at, inner }
}

function refuse(walk: Walk, path: Path, key: number, at: number, message: string, hint?: string): Located {
  tell(walk, path, at, message, hint)
  walk.broken.push(path)
  return { value: undefined, key, at, inner: new Map() }
}

function tell(walk: Walk, path: Path, at: number, message: string, hint?: string): void {
  const place = { file: walk.file, ...walk.at(at), ...(path.length > 0 && { path: pathText(path) }) }
  walk.problems.push({ code: 'ASKFIRST_E_CONFIG_SYNTAX', message, place, ...(hint !== undefined && { hint }) })
}

/** Where the value at `path` begins, or its key; where there is none, the nearest thing around it. */
function offsetAt(root: Located, path: Path, part: 'key' | 'value'): number {
  let found = root
  for (const step of path) {
    const next = found.inner.get(step)
    if (next === undefined) return found.key
    found = next
  }
  return part === 'key' ? found.key : found.at
}

/** `upstreams.servers[0]`, `devices.names["aa:bb:cc:dd:ee:ff"]`; escaped, at most 200 characters. */
export function pathText(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (!/^[A-Za-z][A-Za-z0-9]*$/.test(step)) text += `[${JSON.stringify(safeText(step, 64))}]`
    else text += text === '' ? step : `.${step}`
  }
  return safeText(text, 200)
}

function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined
  return Array.isArray(node.range) ? (node.range[0] as number) : undefined
}

const QUOTE = `Put text that begins with one of @ % & ! | > * [ { or has ": " in it into quotes, as in '||ads.example^'.`
const INDENT = 'Indent with spaces, and give keys that belong together the same indentation.'

/** What the library says where its words help nobody, and the way out. */
const WORDS: Partial<Record<YAMLError['code'], { readonly message?: string; readonly hint?: string }>> = {
  TAB_AS_INDENT: { message: 'a tab is used for indentation', hint: 'Use spaces.' },
  BAD_INDENT: { hint: INDENT },
  BAD_SCALAR_START: { hint: QUOTE },
  UNEXPECTED_TOKEN: { message: 'this text or sign is not expected here', hint: QUOTE },
  BLOCK_AS_IMPLICIT_KEY: { message: 'a key stands where the value before it has not ended', hint: INDENT },
  MULTILINE_IMPLICIT_KEY: { message: 'a key must stand on one line and end with a colon and a blank', hint: INDENT },
  MULTIPLE_DOCS: { message: 'a second document begins here, but the file must hold one', hint: 'Remove the line ---.' },
  RESOURCE_EXHAUSTION: { message: 'the nesting is too deep' },
  TAG_RESOLVE_FAILED: { message: 'YAML tags, such as !secret, are not supported', hint: 'Write the value itself.' },
}

function notYaml(faults: readonly YAMLError[], file: string, at: (offset: number) => Spot): Document {
  const problems: Problem[] = []
  let last = 0
  for (const fault of [...faults].sort((a, b) => a.pos[0] - b.pos[0])) {
    const spot = at(fault.pos[0])
    // One slip makes several errors on its line; the first one is the slip.
    if (spot.line === last) continue
    last = spot.line
    const { message = safeText(lowerFirst(fault.message), 200), hint } = WORDS[fault.code] ?? {}
    const place = { file, ...spot }
    problems.push({ code: 'ASKFIRST_E_CONFIG_SYNTAX', message, place, ...(hint !== undefined && { hint }) })
  }
  return { value: undefined, problems, broken: [[]], spot: () => ({ line: 1, column: 1 }) }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)
