// One conditional rule as a line for AdGuard Home and its kin. Knows no file.
import { prefixText } from '../../base/address.ts'
import { rcodeName, typeName } from '../../base/question.ts'
import type { ClientPattern, ConditionalRule, RuleAction, Selection, Target } from '../../policy/rule.ts'
import { recordText } from './rpz-records.ts'

/** The line; undefined where the syntax cannot say it. */
export function adblockRule({
  target,
  action,
  important,
  types,
  clients,
  except,
}: ConditionalRule): readonly string[] | undefined {
  const pattern = patternOf(target)
  const rewrites = rewritesOf(action)
  if (pattern === undefined || rewrites === undefined) return undefined
  const exception = action.kind === 'allow' || action.kind === 'no-rewrite'
  const options = [
    ...(important ? ['important'] : []),
    ...selection('dnstype', types, typeName),
    ...selection('client', clients, clientText),
    ...(except.length > 0 ? [`denyallow=${except.join('|')}`] : []),
  ]
  return rewrites.map((rewrite) => {
    const all = rewrite === '' ? options : [...options, rewrite]
    return `${exception ? '@@' : ''}${pattern}${all.length > 0 ? `$${all.join(',')}` : ''}`
  })
}

function patternOf(target: Target): string | undefined {
  if (target.kind === 'any') return '*'
  if (target.kind === 'regex') return `/${target.pattern}/`
  if (target.kind === 'address') {
    const text = prefixText(target.prefix)
    // A whole range cannot be written.
    return /\/(32|128)$/.test(text) ? `||${text.replace(/\/\d+$/, '')}^` : undefined
  }
  const starts = { name: '|', below: '||*.', tree: '||' } as const
  return `${starts[target.covers]}${target.name}^`
}

/** The `$dnsrewrite` options, a line each; one empty text for rules without an answer of their own. */
function rewritesOf(action: RuleAction): string[] | undefined {
  switch (action.kind) {
    case 'block':
    case 'allow':
      return ['']
    case 'rcode':
      return [`dnsrewrite=${rcodeName(action.rcode)};;`]
    case 'alias':
      return action.prepend ? undefined : [`dnsrewrite=NOERROR;CNAME;${action.target}`]
    case 'records':
      return action.records.map((record) => {
        const [type, ...data] = recordText(record).split(' ')
        const text = record.kind === 'TXT' ? record.texts.join('') : data.join(' ').replace(/(?<! )\.$/, '')
        return `dnsrewrite=NOERROR;${type};${text.replaceAll(',', '\\,')}`
      })
    case 'no-rewrite':
      return action.only === undefined ? ['dnsrewrite'] : rewritesOf(action.only)
    default:
      return undefined
  }
}

function selection<T>(key: string, { only, not }: Selection<T>, text: (one: T) => string): string[] {
  const items = [...only.map(text), ...not.map((one) => `~${text(one)}`)]
  return items.length > 0 ? [`${key}=${items.join('|')}`] : []
}

const clientText = (one: ClientPattern): string =>
  one.kind === 'range' ? prefixText(one.prefix) : one.name.replaceAll(/[,|"']/g, '\\$&')
