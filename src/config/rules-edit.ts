// The text of the file of rules with one thing more, or less. Comments and the order of what stands there are kept, and
// what is over (pauses, bonus minutes) goes. Knows no file system.
import { isMap, isScalar, isSeq, parseDocument, type Document as YamlDocument } from 'yaml'
import { type Mac, parseAddress, parseMac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import type { ListKind } from '../policy/decision.ts'
import type { OwnBonus, OwnPause, RuleScope } from './rules-file.ts'

/** A new file's first lines. */
export const RULES_HEAD = `# What was given with "askfirst block", "allow", "name", "pause" and "bonus", or over the API.
# Edit it as you like: an edit is live within a second, and comments stay where they are.
`

/** A change of the text; `now` tells what is over. Throws for a text that was not read without problems of syntax. */
export type Edit = (text: string, now: EpochMs) => string

/** One more rule; the opposite one goes, and what stands there already stays as it is. */
export const withRule = (kind: ListKind, rule: string, scope: RuleScope): Edit =>
  edit((document) => {
    const base = baseOf(document, scope)
    const opposite = document.getIn([...base, kind === 'block' ? 'allow' : 'block'])
    const at = isSeq(opposite) ? opposite.items.findIndex((item) => String(item) === rule) : -1
    if (isSeq(opposite) && at >= 0) opposite.delete(at)
    const items = document.getIn([...base, kind])
    if (!isSeq(items)) put(document, [...base, kind], [rule])
    else if (!items.items.some((item) => String(item) === rule)) items.add(document.createNode(rule))
  })

/** A name for a device. */
export const withName = (mac: Mac, name: string): Edit =>
  edit((document) => put(document, [...baseOf(document, { group: undefined, device: mac }), 'name'], name))

/** A pause in the place of the one before; without an end, none. */
export const withPause = (scope: RuleScope, pause: Pick<OwnPause, 'until' | 'by'> | undefined): Edit =>
  edit((document) => {
    const path = [...baseOf(document, scope), 'pause']
    if (pause === undefined) return remove(document, path)
    const by = pause.by === undefined ? {} : { by: pause.by }
    put(document, path, { until: new Date(pause.until).toISOString(), ...by })
  })

/** Bonus minutes of a group in the place of those before. */
export const withBonus = ({ group, from, to }: OwnBonus): Edit =>
  edit((document) => {
    const span = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    put(document, [...baseOf(document, { group, device: undefined }), 'bonus'], span)
  })

type Path = readonly string[]

const edit =
  (change: (document: YamlDocument.Parsed) => void): Edit =>
  (text, now) => {
    const document = parseDocument(text.trim() === '' ? RULES_HEAD : text, { uniqueKeys: false })
    if (document.errors.length > 0) throw new TypeError('only what was read without problems is written to')
    const before = document.toString(STYLE)
    change(document)
    // Who changes nothing leaves the file as it is, to the last blank.
    if (text.trim() !== '' && document.toString(STYLE) === before) return text
    tidy(document, now)
    return document.toString(STYLE)
  }

/** Lines stay as long as they are. */
const STYLE = { lineWidth: 0 }

/** The path of a scope's section. A device may stand there under another spelling of its MAC or address. */
function baseOf(document: YamlDocument.Parsed, { group, device }: RuleScope): Path {
  if (device === undefined) return group === undefined ? [] : ['groups', group]
  const devices = document.get('devices')
  const keys = isMap(devices) ? devices.items.map(({ key }) => String(key)) : []
  return ['devices', keys.find((key) => (parseMac(key) ?? parseAddress(key)) === device) ?? device]
}

/** Sets a value; what stands empty on the way (`groups:` and nothing under it) becomes a map. */
function put(document: YamlDocument.Parsed, path: Path, value: unknown): void {
  for (let length = 1; length < path.length; length++) {
    const part = path.slice(0, length)
    const found = document.getIn(part, true)
    if (found === undefined || (isScalar(found) && found.value === null)) document.setIn(part, document.createNode({}))
  }
  // A plain value takes the place of the one that stands there, which keeps its comment.
  document.setIn(path, typeof value === 'string' ? value : document.createNode(value))
}

/** Takes a value out, and what is empty without it. */
function remove(document: YamlDocument.Parsed, path: Path): void {
  if (!document.hasIn(path)) return
  document.deleteIn(path)
  const above = document.getIn(path.slice(0, -1))
  if (path.length > 1 && isMap(above) && above.items.length === 0) remove(document, path.slice(0, -1))
}

/** Takes out what is over. */
function tidy(document: YamlDocument.Parsed, now: EpochMs): void {
  const keysIn = (key: string): string[] => {
    const found = document.get(key)
    return isMap(found) ? found.items.map((pair) => String(pair.key)) : []
  }
  const bases: Path[] = [[]]
  for (const key of ['groups', 'devices']) bases.push(...keysIn(key).map((inner) => [key, inner]))
  for (const base of bases) {
    for (const [what, end] of ENDS) {
      const at = Date.parse(String(document.getIn([...base, what, end])))
      if (at <= now) remove(document, [...base, what])
    }
  }
}

const ENDS = [
  ['pause', 'until'],
  ['bonus', 'to'],
] as const
