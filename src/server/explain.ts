// Why a name gets what it gets: rules, the one that won, what would be answered, who was given it. Cold path.
import type { Address } from '../base/address.ts'
import type { Name } from '../base/name.ts'
import { rcodeName, TYPE } from '../base/question.ts'
import { safeText } from '../base/text.ts'
import type { Explanation } from '../control/explain-schema.ts'
import { type PauseState, timeText } from '../control/schemas.ts'
import type { DeviceId } from '../ledger/device.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Covers, explainName, type MatchingRule } from '../lists/explain.ts'
import type { Manner } from '../pipeline/profiles.ts'
import type { Rehearsed } from '../pipeline/rehearsal.ts'
import { type Decision, LIST_OFF } from '../policy/decision.ts'
import type { NameSettings } from '../threads/messages.ts'
import type { ResolverLink } from '../threads/resolver-link.ts'
import { originsOf } from './explain-names.ts'
import {
  type AsSeen,
  aliasViews,
  clauseText,
  groupViews,
  parentOf,
  pauseViews,
  safeSearchView,
  seenAs,
} from './explain-policy.ts'
import type { HouseNames } from './house-names.ts'
import type { HouseholdKeeper } from './household.ts'
import type { Pausing } from './pausing.ts'
import type { PolicyKeeper } from './policy-keeper.ts'

/** What an explanation draws on. */
export interface ExplainParts {
  readonly policy: PolicyKeeper
  readonly ledger: Ledger
  readonly resolver: ResolverLink
  readonly names: HouseNames
  readonly household: HouseholdKeeper
  readonly pausing: Pausing
  readonly pause: PauseState
  readonly settings: () => { readonly names: NameSettings }
}

/** Explains a name, as one device would get it if one is given (at `address`, if it has several), or who asks so. */
export async function explain(
  parts: ExplainParts,
  name: Name,
  device: DeviceId | undefined,
  manner?: Manner,
  address?: Address,
): Promise<Explanation> {
  const { policy, ledger, pause } = parts
  const seen = seenAs(policy.policy, parts.household, ledger, device, manner, address)
  const decision = seen.decide(name, TYPE.A)
  const [{ rules }, { kept: cached, would }] = await Promise.all([
    explainName(name, policy.sources),
    parts.resolver.look(name, seen.from, manner),
  ])
  const won = decision.kind === 'none' ? undefined : rules.find((rule) => isTheOne(rule, decision, policy))
  return {
    name,
    device: device ?? null,
    deviceName: (device && ledger.nameOf(device)) ?? null,
    groups: groupViews(seen.profile, parts.household),
    upstreams: seen.profile.upstreams ?? null,
    decision:
      decision.kind === 'none'
        ? { kind: 'none', clause: clauseText(decision) }
        : { kind: decision.kind, clause: clauseText(decision), ...(won ? ruleView(won) : listView(decision, policy)) },
    local: originsOf(parts.names, parts.settings().names, name),
    matches: rules.map((rule) => ({ kind: rule.kind, ...ruleView(rule), ...standing(rule, seen, policy) })),
    parent: parentOf(seen, policy.policy, name, TYPE.A),
    aliases: aliasViews(seen, policy.policy, cached, TYPE.A),
    pause,
    pauses: pauseViews(seen, parts.pausing),
    safeSearch: safeSearchView(seen, name),
    wouldAnswer: { A: wouldView(would.A), AAAA: wouldView(would.AAAA), HTTPS: wouldView(would.HTTPS) },
    cached: cached.map(({ type, rcode, ttl, records }) => ({
      type,
      rcode,
      ttl: Math.max(0, ttl),
      stale: ttl <= 0,
      records: [...records],
    })),
    evidence: evidenceOf(ledger, name, device),
  }
}

const ruleView = ({ list, path, line, text, covers }: MatchingRule) => ({
  list,
  path: path ?? null,
  line,
  text,
  subtree: covers !== 'name',
  covers,
})

const isTheOne = (
  rule: MatchingRule,
  decision: Exclude<Decision, { kind: 'none' }>,
  { lists }: PolicyKeeper,
): boolean =>
  rule.without === undefined &&
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
  covers: coversOf(subtree, target),
})

function coversOf(subtree: boolean, target: Exclude<Decision, { kind: 'none' }>['target']): Covers {
  if (target !== undefined) return target.kind === 'regex' ? 'pattern' : 'every'
  return subtree ? 'tree' : 'name'
}

/** Whether the rule counts for the device now, and why not. */
function standing({ list, path: at, without }: MatchingRule, { profile }: AsSeen, { lists }: PolicyKeeper) {
  const off = profile.audience.lists[lists.findIndex(({ name, path }) => name === list && path === at)] === LIST_OFF
  const why: Explanation['matches'][number]['why'] = without ?? (off ? 'device' : null)
  return { applies: why === null, why }
}

/** An answer as it would be given. */
function wouldView({ source, rcode, ttl, records, error, silent, open }: Rehearsed): Explanation['wouldAnswer']['A'] {
  return {
    source: SOURCES[source] ?? source,
    rcode: silent || open ? null : rcodeName(rcode),
    ttl: silent || open ? null : (ttl ?? null),
    records: silent ? [] : [...records],
    error: silent ? `no answer at all over UDP${error === undefined ? '' : `: ${error}`}` : (error ?? null),
  }
}

const SOURCES: Partial<Record<Rehearsed['source'], string>> = { safeSearch: 'safe-search' }

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
