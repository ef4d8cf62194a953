// The commands that work on lists without a server: `lint` checks one, `compile` writes all for another resolver.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { type Problem, problemText } from './base/failure.ts'
import { safeText } from './base/text.ts'
import { readConfig } from './config/read.ts'
import { readRules } from './config/rules-file.ts'
import type { Config } from './config/schema.ts'
import type { Terminal } from './control/commands.ts'
import { percent } from './control/words.ts'
import type { FormatName } from './lists/line.ts'
import { type LintReport, lintList, type Remarks } from './lists/lint.ts'
import { mergeLists } from './lists/merge.ts'
import { findLists, kindOf, listFrom } from './lists/sources.ts'
import type { Target } from './lists/write/targets.ts'
import { type Losses, WRITERS } from './lists/write/writers.ts'
import { DEFAULT_GROUP } from './policy/decision.ts'
import { storedCopies } from './server/list-downloads.ts'
import { listSources } from './server/settings.ts'

/** `askfirst lint <file>`. 0; 1 where a line fits no format, or the file cannot be used. */
export async function lintCommand(
  path: string,
  { format, json }: { format: FormatName | 'auto'; json: boolean },
  { out, err }: Terminal,
): Promise<number> {
  const report = await lintList(listFrom({ path, kind: kindOf(path), format }))
  if ('code' in report) {
    if (json) out.write(`${JSON.stringify({ ok: false, problem: report })}\n`)
    else err.write(`${problemText(report)}\n`)
    return 1
  }
  const ok = report.rejected === 0
  out.write(json ? `${JSON.stringify({ ok, ...report })}\n` : `${lintLines(report).join('\n')}\n`)
  return ok ? 0 : 1
}

function lintLines({ lines, formats, confidence, rules, rejected, skipped, problems, ...found }: LintReport): string[] {
  const left = Object.entries(skipped).map(([what, count]) => `${what} ${count}`)
  return [
    `${lines} lines, read as ${formats.length > 0 ? formats.join(', ') : 'nothing'} (${percent(confidence)} as the first)`,
    `${rules.names} rules for a name alone, ${rules.trees} with everything under it, ${rules.conditional} with conditions; ${rules.exceptions} of all allow`,
    ...(rules.names > 0
      ? ['Of a name alone nothing under it is blocked: "subdomains: true" for this file would change that.']
      : []),
    ...(left.length > 0 ? [`left aside: ${left.join(', ')}`] : []),
    ...remarkLines('said twice', found.twice),
    ...remarkLines('covered by another rule', found.covered),
    ...remarkLines('both blocked and allowed, so allowed', found.contrary),
    ...(rejected > 0
      ? [`${rejected} lines fit no format:`, ...problems.map((problem) => `  ${problemText(problem)}`)]
      : []),
  ]
}

const remarkLines = (what: string, { count, examples }: Remarks): string[] =>
  count === 0
    ? []
    : [`${count} rules are ${what}:`, ...examples.map(({ line, name }) => `  line ${line}: ${safeText(name, 256)}`)]

/**
 * `askfirst compile --to <format>`: the lists of a configuration that are for everybody, or for a group's members, or these
 * files, as one list. What the format cannot say is counted on the error output. 0; 1 where a list cannot be read or nothing can be written.
 */
export async function compileCommand(
  config: string,
  files: readonly string[],
  { to, output, group }: { to: Target; output: string | undefined; group?: string | undefined },
  { out, err }: Terminal,
): Promise<number> {
  const lists = await listsOf(config, files, group)
  if ('problems' in lists) return fail(lists.problems, err)
  const { merged, problems } = await mergeLists(lists.lists)
  if (problems.length > 0) return fail(problems, err)
  const losses: Losses = { trees: 0, exceptions: 0, conditional: 0 }
  const lines = WRITERS[to](merged, losses)
  try {
    if (output === undefined) for (const line of lines) out.write(`${line}\n`)
    else await writeWhole(output, lines)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return fail([{ code: 'ASKFIRST_E_LIST_READ', message: `it cannot be written: ${why}` }], err)
  }
  const told = Object.entries(losses).filter(([, count]) => count > 0)
  for (const [what, count] of told) err.write(`${count} ${LOSSES[what as keyof Losses]}\n`)
  return 0
}

const LOSSES: Readonly<Record<keyof Losses, string>> = {
  trees: 'names came out without what lies under them, which this format cannot cover',
  exceptions: 'exceptions came out wider or not at all: this format cannot make them for one name',
  conditional: 'rules with conditions or actions of their own came out not at all',
}

async function listsOf(config: string, files: readonly string[], group: string | undefined) {
  if (files.length > 0) {
    return { lists: files.map((path) => listFrom({ path, kind: kindOf(path), format: 'auto' })) }
  }
  const read = readConfig(config)
  if ('problems' in read) return { problems: read.problems }
  const groups = groupsOf(read.config, group)
  if ('code' in groups) return { problems: [groups] }
  const sources = listSources(read.config, await ownRules(read.config.rules))
  const found = await findLists({ ...sources, files: [...sources.files, ...(await storedCopies(read.config))] })
  if (found.problems.length > 0) return { problems: found.problems }
  const lists = found.lists.filter(
    (list) => list.device === undefined && (list.groups ?? [DEFAULT_GROUP]).some((one) => groups.names.includes(one)),
  )
  return { lists }
}

/** The groups of somebody who is in this one. */
function groupsOf({ groups }: Config, name: string | undefined): { readonly names: readonly string[] } | Problem {
  if (name === undefined) return { names: [DEFAULT_GROUP] }
  const group = groups.find((one) => one.name === name)
  const hint = `There are: ${groups.map((one) => one.name).join(', ') || 'none'}.`
  if (group === undefined) {
    return { code: 'ASKFIRST_E_CONFIG_VALUE', message: `no group has the name ${safeText(name, 64)}`, hint }
  }
  if (group.only) {
    const message = `members of ${name} get only what is allowed: no list for another resolver can say that`
    return { code: 'ASKFIRST_E_CONFIG_VALUE', message, hint: 'Leave --group out for the rules for everybody.' }
  }
  return { names: group.withDefault ? [name, DEFAULT_GROUP] : [name] }
}

/** The rules that were given at run time. A file that is not there has none. */
async function ownRules(path: string) {
  const text = await readFile(path, 'utf8').catch(() => '')
  return readRules(text, path).rules
}

/** Writes beside the file and renames, so that whoever reads it never sees half of it. */
async function writeWhole(path: string, lines: Iterable<string>): Promise<void> {
  const part = `${path}.tmp`
  const stream = createWriteStream(part)
  const closed = once(stream, 'close')
  try {
    for (const line of lines) if (!stream.write(`${line}\n`)) await once(stream, 'drain')
    stream.end()
    await closed
    await rename(part, path)
  } catch (error) {
    stream.destroy()
    await rm(part, { force: true })
    throw error
  }
}

function fail(problems: readonly Problem[], err: Terminal['err']): number {
  err.write(`${problems.map(problemText).join('\n')}\n`)
  return 1
}
