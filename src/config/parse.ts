// The text of a configuration to a `Config`, or every problem in it. Knows no file system.
import { z } from 'zod'
import type { Address } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import { CHECKS } from './checks.ts'
import type { Document, Path } from './document.ts'
import { pathText, readDocument } from './document.ts'
import type { Key } from './json-schema.ts'
import { allKeys } from './json-schema.ts'
import type { Config } from './schema.ts'
import { configSchema } from './schema.ts'
import { hintFor, nearest, plainWords } from './words.ts'

// A configuration is read once: code that zod would write for it takes 10 ms to make and saves none.
z.config({ jitless: true })

/** Most problems that are told; nobody reads more at once. */
const PROBLEMS_MAX = 50

/**
 * Reads the text of a configuration; `file` is its name for the problems, `local` the addresses of this machine.
 * Paths stay as they are written. Problems come in the order of the text: `ASKFIRST_E_CONFIG_SYNTAX`,
 * `ASKFIRST_E_CONFIG_KEY`, `ASKFIRST_E_CONFIG_VALUE`.
 */
export function parseConfig(
  text: string,
  file: string,
  local: readonly Address[],
): { readonly config: Config } | { readonly problems: readonly Problem[] } {
  const document = readDocument(text, file)
  if (document.value === undefined || document.problems.length > PROBLEMS_MAX)
    return { problems: inOrder(document.problems) }
  const judged = judge(document.value ?? {})
  const broken = [...document.broken, ...judged.faults.map((fault) => fault.path)]
  const conflicts = judged.config === undefined ? [] : crossChecks(judged.config, local, broken)
  const faults = [
    ...judged.faults.filter((fault) => !document.broken.some((path) => within(fault.path, path))),
    ...conflicts,
  ]
  const problems = [...document.problems, ...faults.map((fault) => problemOf(fault, file, document))]
  if (problems.length === 0 && judged.config !== undefined) return { config: judged.config }
  return { problems: inOrder(problems) }
}

/** Something wrong at a path, before it has a place in the text. */
interface Fault {
  readonly code: 'ASKFIRST_E_CONFIG_KEY' | 'ASKFIRST_E_CONFIG_VALUE'
  readonly path: Path
  readonly part: 'key' | 'value'
  readonly message: string
  readonly hint: string | undefined
}

/** The schema's view: what is wrong, and the configuration that the rest makes, so that the rest can be checked too. */
function judge(value: unknown): { readonly faults: readonly Fault[]; readonly config: Config | undefined } {
  let result = check(value)
  const empty = issuesOf(result).filter((issue) => isEmptySection(issue, value))
  if (empty.length > 0) {
    // A section whose lines are all commented out reads as null; it means the default.
    for (const issue of empty) remove(value, issue.path as Path)
    result = check(value)
  }
  const faults = issuesOf(result).flatMap((issue) => faultsOf(issue, value))
  if (faults.length > 0) {
    for (const fault of faults) remove(value, fault.path)
    result = check(value)
  }
  return { faults, config: result.success ? result.data : undefined }
}

const check = (value: unknown) => configSchema.safeParse(value, { error: plainWords })

type Result = ReturnType<typeof check>
type Issue = NonNullable<Result['error']>['issues'][number]

const issuesOf = (result: Result): readonly Issue[] => result.error?.issues ?? []

const isEmptySection = (issue: Issue, root: unknown): boolean =>
  issue.code === 'invalid_type' &&
  (issue.expected === 'object' || issue.expected === 'record') &&
  typeof issue.path.at(-1) === 'string' &&
  valueAt(root, issue.path as Path) === null

function faultsOf(issue: Issue, root: unknown): Fault[] {
  const path = issue.path as Path
  if (issue.code === 'invalid_union') {
    const inner = meantBranch(issue)
    if (inner !== undefined)
      return inner.flatMap((one) => faultsOf({ ...one, path: [...path, ...one.path] } as Issue, root))
  }
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key]))
  const { hint = hintFor(issue, valueAt(root, path)), at = 'value' } =
    issue.code === 'custom' ? (issue.params ?? {}) : {}
  return [{ code: 'ASKFIRST_E_CONFIG_VALUE', path, part: at, message: issue.message, hint }]
}

/** Of values that may be written in several ways: the way that was meant, by its kind; undefined where none fits. */
const meantBranch = (issue: Extract<Issue, { code: 'invalid_union' }>) =>
  issue.errors.find((branch) => !branch.some((one) => one.code === 'invalid_type' && one.path.length === 0))

let known: readonly Key[] | undefined

/** Made on first need: most files have no unknown key. */
const knownKeys = (): readonly Key[] => (known ??= allKeys())

function unknownKey(path: Path): Fault {
  const name = String(path.at(-1))
  const parent = path.slice(0, -1).map((step) => (typeof step === 'number' ? '[]' : step))
  const keys = knownKeys()
  const siblings = keys
    .filter((key) => sameSteps(key.path.slice(0, -1), parent))
    .map((key) => key.path.at(-1) as string)
  const near = nearest(name, siblings)
  const elsewhere = keys.find((key) => key.path.at(-1) === name)
  const hint =
    near !== undefined
      ? `Did you mean "${near}"?`
      : elsewhere !== undefined
        ? `"${name}" exists as ${elsewhere.path.join('.').replaceAll('.[]', '[]')}.`
        : `The keys here are: ${siblings.join(', ')}.`
  return { code: 'ASKFIRST_E_CONFIG_KEY', path, part: 'key', message: 'there is no such key', hint }
}

function crossChecks(config: Config, local: readonly Address[], broken: readonly Path[]): Fault[] {
  const sound = CHECKS.filter(
    ({ reads }) => !reads.some((path) => broken.some((other) => within(other, path) || within(path, other))),
  )
  return sound
    .flatMap((one) => one.find(config, local))
    .map((conflict) => ({ code: 'ASKFIRST_E_CONFIG_VALUE', part: 'value', ...conflict }))
}

function problemOf({ code, path, part, message, hint }: Fault, file: string, document: Document): Problem {
  const place = { file, ...document.spot(path, part), ...(path.length > 0 && { path: pathText(path) }) }
  return { code, message, place, ...(hint !== undefined && { hint }) }
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const order = (one: Problem): number => (one.place?.line ?? 0) * 2 ** 20 + (one.place?.column ?? 0)
  const sorted = [...problems].sort((a, b) => order(a) - order(b))
  if (sorted.length <= PROBLEMS_MAX) return sorted
  const rest = sorted.length - PROBLEMS_MAX
  const last = sorted[PROBLEMS_MAX] as Problem
  return [...sorted.slice(0, PROBLEMS_MAX), { ...last, message: `${rest} more problems from here on` }]
}

/** Takes the value at the path out, or the nearest thing around it that a key names. */
function remove(root: unknown, path: Path): void {
  let owner: Record<string, unknown> | undefined
  let key: string | undefined
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !(step in value)) break
    if (!Array.isArray(value)) [owner, key] = [value as Record<string, unknown>, String(step)]
    value = (value as Record<string | number, unknown>)[step]
  }
  if (owner !== undefined && key !== undefined) delete owner[key]
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

const within = (path: Path, outer: Path): boolean => outer.every((step, i) => path[i] === step)

const sameSteps = (a: Path, b: Path): boolean => a.length === b.length && within(a, b)
