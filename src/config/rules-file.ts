// The file of rules and names that people give at run time: text to values, and text with one more rule. Comments and the
// order of what stands there are kept. Knows no file system.
import { isSeq, parseDocument, type Document as YamlDocument } from 'yaml'
import { type Mac, parseAddress, parseMac } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import type { ListKind } from '../policy/decision.ts'
import type { OwnRules } from '../policy/own-rules.ts'
import { type Path, pathText, readDocument } from './document.ts'

/** What stands in the file. */
export interface RulesFile {
  readonly rules: readonly OwnRules[]
  readonly names: ReadonlyMap<Mac, string>
  /** What in it cannot be used; the rest is. ASKFIRST_E_CONFIG_SYNTAX, ASKFIRST_E_CONFIG_KEY, ASKFIRST_E_CONFIG_VALUE. */
  readonly problems: readonly Problem[]
}

/** Whom a rule is for; both undefined: everybody. */
export interface RuleScope {
  readonly group: string | undefined
  /** A MAC or an address. */
  readonly device: string | undefined
}

/** A new file's first lines. */
export const RULES_HEAD = `# Rules and names that were given with "askfirst block", "allow" and "name", or over the API.
# Edit it as you like: an edit is live within a second, and comments stay where they are.
`

const KINDS: readonly ListKind[] = ['allow', 'block']

/** Reads the file's text; the caller bounds its size. */
export function readRules(text: string, file: string): RulesFile {
  const { value, problems, spot } = readDocument(text, file)
  const all: Problem[] = [...problems]
  const rules: OwnRules[] = []
  const names = new Map<Mac, string>()
  const refuse = (path: Path, message: string, code: Problem['code'] = 'ASKFIRST_E_CONFIG_VALUE'): void => {
    all.push({ code, message, place: { file, ...spot(path, 'key'), path: pathText(path) } })
  }
  const take = (section: unknown, path: Path, scope: RuleScope, more: readonly string[]): void => {
    if (section === null || section === undefined) return
    if (typeof section !== 'object' || Array.isArray(section)) {
      refuse(path, 'must have keys')
      return
    }
    for (const key of Object.keys(section)) {
      if (![...KINDS, ...more].includes(key)) refuse([...path, key], 'there is no such key', 'ASKFIRST_E_CONFIG_KEY')
    }
    for (const kind of KINDS) {
      const items = (section as Record<string, unknown>)[kind]
      if (items === undefined || items === null) continue
      if (!Array.isArray(items)) refuse([...path, kind], 'must be a list of rules')
      else {
        const own = items.flatMap((item: unknown, i) => {
          const at = [...path, kind, i]
          if (typeof item === 'string' && !/[\r\n]/.test(item)) return [{ text: item, line: spot(at, 'value').line }]
          refuse(at, 'must be one rule, as text')
          return []
        })
        if (own.length > 0) rules.push({ path: file, kind, ...scope, rules: own })
      }
    }
  }
  take(value, [], { group: undefined, device: undefined }, ['groups', 'devices'])
  for (const [group, section] of entriesOf(value, 'groups')) {
    take(section, ['groups', group], { group, device: undefined }, [])
  }
  for (const [key, section] of entriesOf(value, 'devices')) {
    const mac = parseMac(key)
    const device = mac ?? parseAddress(key)
    if (device === undefined) refuse(['devices', key], 'the key must be a MAC or an address')
    else take(section, ['devices', key], { group: undefined, device }, ['name'])
    const { name } = (section ?? {}) as { name?: unknown }
    if (mac !== undefined && typeof name === 'string' && name !== '' && name.length <= 64) names.set(mac, name)
    else if (name !== undefined) refuse(['devices', key, 'name'], 'must be text of 1 to 64 characters, for a MAC')
  }
  return { rules, names, problems: all }
}

function entriesOf(value: unknown, key: string): [string, unknown][] {
  const section = (value as Record<string, unknown> | null)?.[key]
  return typeof section === 'object' && section !== null ? Object.entries(section) : []
}

/** The text with one more rule; the opposite one goes, and what stands there already stays as it is. */
export function withRule(text: string, kind: ListKind, rule: string, { group, device }: RuleScope): string {
  const document = open(text)
  const base = device !== undefined ? ['devices', device] : group !== undefined ? ['groups', group] : []
  drop(document, [...base, kind === 'block' ? 'allow' : 'block'], rule)
  const path = [...base, kind]
  const items = document.getIn(path)
  if (!isSeq(items)) document.setIn(path, document.createNode([rule]))
  else if (!items.items.some((item) => String(item) === rule)) items.add(document.createNode(rule))
  return document.toString()
}

/** The text with a name for a device. */
export function withName(text: string, mac: Mac, name: string): string {
  const document = open(text)
  document.setIn(['devices', mac, 'name'], name)
  return document.toString()
}

function open(text: string): YamlDocument.Parsed {
  const document = parseDocument(text.trim() === '' ? `${RULES_HEAD}block: []\n` : text, { uniqueKeys: false })
  if (document.errors.length > 0) throw new TypeError('only what was read without problems is written to')
  return document
}

function drop(document: YamlDocument.Parsed, path: readonly string[], rule: string): void {
  const items = document.getIn(path)
  if (!isSeq(items)) return
  const at = items.items.findIndex((item) => String(item) === rule)
  if (at >= 0) items.delete(at)
}
