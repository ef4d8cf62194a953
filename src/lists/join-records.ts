// Joins the rules of a list that give one name several records, a line each, into one rule. Knows no list.
import type { Taken } from '../policy/compile.ts'
import { CONDITION_ITEMS_MAX, type ConditionalRule, type RecordData, ruleKey } from '../policy/rule.ts'

/** Hands rules on as they come, but for one with records: it waits for the next rule, which may go on with them. */
export interface JoinedRecords {
  readonly conditional: (rule: ConditionalRule, line: number) => Taken
  /** Hands on what waits. To be called before any other rule and at the end; `taken` where nothing waits. */
  readonly flush: () => Taken
}

/** A joined rule stands in the line of its first record. Records of a name must follow each other to be joined. */
export function joinRecords(hand: JoinedRecords['conditional']): JoinedRecords {
  let waiting: { rule: ConditionalRule; key: string; records: RecordData[]; line: number } | undefined

  const flush = (): Taken => {
    if (waiting === undefined) return 'taken'
    const { rule, records, line } = waiting
    waiting = undefined
    return hand({ ...rule, action: { kind: 'records', records } }, line)
  }

  const conditional = (rule: ConditionalRule, line: number): Taken => {
    if (rule.action.kind !== 'records') return flush() === 'full' ? 'full' : hand(rule, line)
    const { records } = rule.action
    const key = ruleKey({ ...rule, action: { kind: 'records', records: [] } })
    if (key === waiting?.key && waiting.records.length < CONDITION_ITEMS_MAX) {
      waiting.records.push(...records)
      return 'taken'
    }
    const before = flush()
    waiting = { rule, key, records: [...records], line }
    return before === 'full' ? 'full' : 'taken'
  }
  return { conditional, flush }
}
