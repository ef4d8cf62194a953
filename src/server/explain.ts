// Why a name gets what it gets: rules, the one that won, what would be answered, who was given it. Cold path.
import { type Name, wireFromName } from '../base/name.ts'
import { type Query, rcodeName, TYPE } from '../base/question.ts'
import type { Reply } from '../base/reply.ts'
import { safeText } from '../base/text.ts'
import type { Explanation } from '../control/explain-schema.ts'
import { type PauseState, timeText } from '../control/schemas.ts'
import type { DeviceId } from '../ledger/device.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { explainName, type MatchingRule } from '../lists/explain.ts'
import { answerFor, plainReply } from '../pipeline/stages/block-reply.ts'
import type { BlockAnswer } from '../policy/block-answer.ts'
import { type Decision, LIST_OFF } from '../policy/decision.ts'
import type { Looked, NameSettings } from '../threads/messages.ts'
import type { ResolverLink } from '../threads/resolver-link.ts'
import { recordText } from '../wire/record-text.ts'
import { asServed, houseAnswer, originsOf } from './explain-names.ts'
import { type AsSeen, aliasViews, clauseText, groupViews, parentOf, seenAs } from './explain-policy.ts'
import type { HouseNames } from './house-names.ts'
import type { HouseholdKeeper } from './household.ts'
import type { PolicyKeeper } from './policy-keeper.ts'

/** What an explanation draws on. */
export interface ExplainParts {
  readonly policy: PolicyKeeper
  readonly ledger: Ledger
  readonly resolver: ResolverLink
  readonly names: HouseNames
  readonly household: HouseholdKeeper
  readonly pause: PauseState
  readonly settings: () => { readonly sinkhole: BlockAnswer; readonly names: NameSettings }
}

/** Explains a name, as one device would get it if one is given. */
export async function explain(parts: ExplainParts, name: Name, device: DeviceId | undefined): Promise<Explanation> {
  const { policy, ledger, pause } = parts
  const wire = wireFromName(name) as Uint8Array
  const seen = seenAs(policy.policy, parts.household, ledger, device)
  const decision = seen.decide(name, TYPE.A)
  const [{ rules }, cached] = await Promise.all([explainName(name, policy.sources), parts.resolver.look(name)])
  const won = decision.kind === 'none' ? undefined : rules.find((rule) => isTheOne(rule, decision, policy))
  return {
    name,
    device: device ?? null,
    deviceName: (device && ledger.nameOf(device)) ?? null,
    groups: groupViews(seen.profile, parts.household),
    decision:
      decision.kind === 'none'
        ? { kind: 'none', clause: clauseText(decision) }
        : { kind: decision.kind, clause: clauseText(decision), ...(won ? ruleView(won) : listView(decision, policy)) },
    local: originsOf(parts.names, parts.settings().names, name),
    matches: rules.map((rule) => ({ kind: rule.kind, ...ruleView(rule), applies: applies(rule, seen, policy) })),
    parent: parentOf(seen, policy.policy, name, TYPE.A),
    aliases: aliasViews(seen, policy.policy, cached, TYPE.A),
    pause,
    wouldAnswer: {
      A: wouldAnswer(parts, name, wire, TYPE.A, seen, cached),
      AAAA: wouldAnswer(parts, name, wire, TYPE.AAAA, seen, cached),
      HTTPS: wouldAnswer(parts, name, wire, TYPE.HTTPS, seen, cached),
    },
    cached: cached.map((one) => ({
      ...one,
      ttl: Math.max(0, one.ttl),
      stale: one.ttl <= 0,
      records: [...one.records],
    })),
    evidence: evidenceOf(ledger, name, device),
  }
}

const ruleView = ({ list, path, line, text, subtree }: MatchingRule) => ({
  list,
  path: path ?? null,
  line,
  text,
  subtree,
})

const isTheOne = (
  rule: MatchingRule,
  decision: Exclude<Decision, { kind: 'none' }>,
  { lists }: PolicyKeeper,
): boolean =>
  rule.kind === decision.kind &&
  rule.line === decision.line &&
  rule.list === lists[decision.list]?.name &&
  rule.path === lists[decision.list]?.path

/** A rule that is no line for this name: a pattern, or what a group leaves over. */
const listView = ({ list, line, subtree, target }: Exclude<Decision, { kind: 'none' }>, { lists }: PolicyKeeper) => ({
  list: lists[list]?.name ?? '',
  path: lists[list]?.path ?? null,
  line,
  text: target?.kind === 'regex' ? safeText(`/${target.pattern}/`, 256) : '',
  subtree,
})

/** Whether the rule's list is for the device, now. */
const applies = (rule: MatchingRule, { profile }: AsSeen, { lists }: PolicyKeeper): boolean =>
  profile.audience.lists[lists.findIndex(({ name, path }) => name === rule.list && path === rule.path)] !== LIST_OFF

type Would = Explanation['wouldAnswer']['A']

function wouldAnswer(
  parts: ExplainParts,
  name: Name,
  wire: Uint8Array,
  type: number,
  seen: AsSeen,
  cached: readonly Looked[],
): Would {
  const decision = seen.decide(name, type)
  const query = { name, wire, type } as Query
  const house = houseAnswer(parts.names, parts.settings().names, query)
  if (house !== undefined) return ownAnswer(house.source, house.reply)
  if (decision.kind === 'block' && !parts.pause.active && !seen.profile.paused) {
    const answer = answerFor(decision, parts.policy.policy, seen.profile, parts.settings().sinkhole)
    return ownAnswer('sinkhole', plainReply(query, { decision, policy: parts.policy.policy, answer }))
  }
  const served = asServed(parts.settings().names, name, type, cached)
  if (served !== undefined) return served
  const typeText = type === TYPE.A ? 'A' : type === TYPE.AAAA ? 'AAAA' : 'HTTPS'
  const kept = cached.find((one) => one.type === typeText && one.ttl > 0)
  return kept === undefined
    ? { source: 'upstream', rcode: null, ttl: null, records: [] }
    : { source: 'cache', rcode: kept.rcode, ttl: kept.ttl, records: [...kept.records] }
}

function ownAnswer(source: string, { rcode, body }: Reply): Would {
  const answers = body.kind === 'own' ? body.answers : []
  const ttl = body.kind === 'own' ? (answers[0] ?? body.authority[0])?.ttl : undefined
  return { source, rcode: rcodeName(rcode), ttl: ttl ?? null, records: answers.map(recordText) }
}

/** Addresses shown: enough for any name, few enough for a page. */
const EVIDENCE_MAX = 100

function evidenceOf(ledger: Ledger, name: Name, device: DeviceId | undefined): Explanation['evidence'] {
  const devices = device === undefined ? ledger.devices().map(({ id }) => id) : [device]
  return devices
    .flatMap((id) => ledger.handedOut(id, name))
    .sort((a, b) => b.last - a.last)
    .slice(0, EVIDENCE_MAX)
    .map(({ device: id, address, first, last, until }) => ({
      device: id,
      deviceName: ledger.nameOf(id) ?? null,
      address,
      first: timeText(first),
      last: timeText(last),
      until: timeText(until),
    }))
}
