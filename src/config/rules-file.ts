// The file of what people give at run time, as values: rules, names, pauses, bonus minutes. Knows no file system; how one
// more is written is in rules-edit.ts.
import { type Mac, parseAddress, parseMac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import type { ListKind } from '../policy/decision.ts'
import type { OwnRules } from '../policy/own-rules.ts'
import { type Path, pathText, readDocument } from './document.ts'

/** Whom something is for; both undefined: everybody. */
export interface RuleScope {
  readonly group: string | undefined
  /** A MAC or an address. */
  readonly device: string | undefined
}

/** A time in which nothing is blocked for somebody. */
export interface OwnPause extends RuleScope {
  readonly until: EpochMs
  /** Who asked for it, in words. */
  readonly by: string | undefined
}

/** A time in which a group does not hold although its hours say so. */
export interface OwnBonus {
  readonly group: string
  readonly from: EpochMs
  readonly to: EpochMs
}

/** What stands in the file. */
export interface RulesFile {
  readonly rules: readonly OwnRules[]
  readonly names: ReadonlyMap<Mac, string>
  readonly pauses: readonly OwnPause[]
  readonly bonuses: readonly OwnBonus[]
  /** What in it cannot be used; the rest is. ASKFIRST_E_CONFIG_SYNTAX, ASKFIRST_E_CONFIG_KEY, ASKFIRST_E_CONFIG_VALUE. */
  readonly problems: readonly Problem[]
}

/** A file that says nothing. */
export const NO_RULES: RulesFile = Object.freeze({ rules: [], names: new Map(), pauses: [], bonuses: [], problems: [] })

const KINDS: readonly ListKind[] = ['allow', 'block']

/** Reads the file's text; the caller bounds its size. */
export function readRules(text: string, file: string): RulesFile {
  const { value, problems, spot } = readDocument(text, file)
  const all: Problem[] = [...problems]
  const rules: OwnRules[] = []
  const names = new Map<Mac, string>()
  const pauses: OwnPause[] = []
  const bonuses: OwnBonus[] = []
  const refuse = (path: Path, message: string, code: Problem['code'] = 'ASKFIRST_E_CONFIG_VALUE'): undefined => {
    all.push({ code, message, place: { file, ...spot(path, 'key'), path: pathText(path) } })
  }
  /** The keys of a map; undefined, and told where it is not just empty, for anything else. */
  const keysOf = (section: unknown, path: Path, known: readonly string[]): Record<string, unknown> | undefined => {
    if (section === null || section === undefined) return undefined
    if (typeof section !== 'object' || Array.isArray(section)) return refuse(path, 'must have keys')
    for (const key of Object.keys(section)) {
      if (!known.includes(key)) refuse([...path, key], 'there is no such key', 'ASKFIRST_E_CONFIG_KEY')
    }
    return section as Record<string, unknown>
  }
  const moment = (section: Record<string, unknown>, path: Path, key: string): EpochMs | undefined => {
    const found = section[key]
    const at = typeof found === 'string' && MOMENT.test(found) ? Date.parse(found) : Number.NaN
    return Number.isNaN(at) ? refuse([...path, key], 'must be a time such as 2026-11-26T20:00:00Z') : at
  }
  const take = (section: unknown, path: Path, scope: RuleScope, more: readonly string[]): void => {
    const keys = keysOf(section, path, [...KINDS, 'pause', ...more])
    if (keys === undefined) return
    for (const kind of KINDS) {
      const items = keys[kind]
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
    const at = [...path, 'pause']
    const pause = keysOf(keys['pause'], at, ['until', 'by'])
    const until = pause && moment(pause, at, 'until')
    const by = pause?.['by']
    if (until !== undefined) pauses.push({ ...scope, until, by: typeof by === 'string' ? by : undefined })
  }
  take(value, [], { group: undefined, device: undefined }, ['groups', 'devices'])
  for (const [group, section] of entriesOf(value, 'groups')) {
    take(section, ['groups', group], { group, device: undefined }, ['bonus'])
    const at = ['groups', group, 'bonus']
    const bonus = keysOf((section as { bonus?: unknown } | null)?.bonus, at, ['from', 'to'])
    const [from, to] = bonus === undefined ? [] : [moment(bonus, at, 'from'), moment(bonus, at, 'to')]
    if (from !== undefined && to !== undefined) bonuses.push({ group, from, to })
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
  return { rules, names, pauses, bonuses, problems: all }
}

/** A moment with its zone: one without would mean another time on another machine. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

function entriesOf(value: unknown, key: string): [string, unknown][] {
  const section = (value as Record<string, unknown> | null)?.[key]
  return typeof section === 'object' && section !== null ? Object.entries(section) : []
}
