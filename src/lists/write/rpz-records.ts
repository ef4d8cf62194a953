// One conditional rule as records of a response policy zone. Knows no file.
import type { Prefix } from '../../base/address.ts'
import { RCODE } from '../../base/question.ts'
import { type ConditionalRule, kindOfRule, type RecordData, type RuleAction, type Target } from '../../policy/rule.ts'

/** The records, by owner; undefined where a zone cannot say it. */
export function rpzParts(
  rule: ConditionalRule,
): readonly { readonly owner: string; readonly data: readonly string[] }[] | undefined {
  const { target, action, clients, types, except } = rule
  if (types.only.length + types.not.length + except.length + clients.not.length > 0 || rule.important) return undefined
  const owners = clients.only.length > 0 ? clientOwners(rule) : ownersOf(target)
  const data = dataOf(action)
  if (owners === undefined || data === undefined || kindOfRule(rule) === undefined) return undefined
  return owners.map((owner) => ({ owner, data }))
}

function ownersOf(target: Target): string[] | undefined {
  if (target.kind === 'address') return [`${reversed(target.prefix)}.rpz-ip`]
  if (target.kind !== 'name') return undefined
  const { name, covers } = target
  return [...(covers === 'below' ? [] : [name]), ...(covers === 'name' ? [] : [`*.${name}`])]
}

/** Rules for clients are for every name in a zone. */
function clientOwners({ target, clients }: ConditionalRule): string[] | undefined {
  if (target.kind !== 'any') return undefined
  const owners = clients.only.map((one) => (one.kind === 'range' ? `${reversed(one.prefix)}.rpz-client-ip` : undefined))
  return owners.includes(undefined) ? undefined : (owners as string[])
}

/** `24.0.2.0.192`, `48.zz.1.db8.2001`: from the end, with the longest run of zeros as `zz`. */
function reversed({ bytes, bits }: Prefix): string {
  if (bytes.length === 4) return [bits, ...[...bytes].reverse()].join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  )
  const runs = groups
    .map((_, at) => groups.slice(at).findIndex((group) => group !== '0'))
    .map((run, at) => (run < 0 ? 8 - at : run))
  const longest = Math.max(...runs)
  if (longest > 1) groups.splice(runs.indexOf(longest), longest, 'zz')
  return [bits, ...groups.reverse()].join('.')
}

function dataOf(action: RuleAction): string[] | undefined {
  switch (action.kind) {
    case 'block':
      return ['CNAME .']
    case 'allow':
    case 'passthru':
      return ['CNAME rpz-passthru.']
    case 'drop':
    case 'tcp-only':
      return [`CNAME rpz-${action.kind}.`]
    case 'rcode':
      if (action.rcode === RCODE.NXDOMAIN) return ['CNAME .']
      return action.rcode === RCODE.NOERROR ? ['CNAME *.'] : undefined
    case 'alias':
      return [`CNAME ${action.prepend ? '*.' : ''}${action.target}.`]
    case 'records':
      return action.records.map(recordText)
    default:
      return undefined
  }
}

/** A record's type and data as zone files have them. */
export function recordText(record: RecordData): string {
  switch (record.kind) {
    case 'A':
    case 'AAAA':
      return `${record.kind} ${record.address}`
    case 'TXT':
      return `TXT ${record.texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\x00-\x1f\x7f]/g, ' ')}"`).join(' ')}`
    case 'SVCB':
    case 'HTTPS':
      return `${record.kind} ${record.text}`
    case 'MX':
      return `MX ${record.preference} ${record.target}.`
    case 'SRV':
      return `SRV ${record.priority} ${record.weight} ${record.port} ${record.target}.`
    default:
      return `${record.kind} ${record.target}.`
  }
}
