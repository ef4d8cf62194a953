// What `GET /api/v1/explain` answers. One source for validation, types and OpenAPI.
//
// It grows by new keys and by new values of `clause` and `source`; readers must pass over what they do not know.
import { z } from 'zod'
import { count, pauseState, time } from './schemas.ts'

const rule = {
  list: z.string(),
  path: z.string().nullable().describe('null for rules that stand in the configuration'),
  line: count.describe('from 1'),
  text: z.string().describe('the line as it stands there'),
  subtree: z.boolean().describe('the rule covers the names under its own too'),
  covers: z
    .enum(['name', 'below', 'tree', 'pattern', 'every'])
    .describe('the name alone, what lies under it, both, the names that a pattern fits, or every name'),
}

const match = z.object({
  ...rule,
  kind: z.enum(['block', 'allow']),
  applies: z.boolean().describe('it counts for this device, now'),
  why: z
    .enum(['device', 'badfilter', 'rewrites'])
    .nullable()
    .describe(
      'why not: its list is not for the device, a rule takes it back, or its list may not say where names lead',
    ),
})

const group = z.object({
  name: z.string(),
  holds: z.boolean().describe('false while its hours are off'),
  schedule: z.string().nullable(),
  bonus: z.object({ from: time, to: time }).nullable().describe('when it does not hold although its hours say so'),
  paused: z.boolean(),
})

const pause = z.object({
  of: z.enum(['all', 'group', 'device']),
  name: z.string().nullable().describe('the group, or the MAC or address of the device'),
  until: time,
  by: z.string().nullable(),
})

const safeSearch = z.object({
  target: z.string().describe('the name whose addresses are given instead'),
  engines: z.array(z.string()).describe('the engines that the groups of the device want strict'),
})

const alias = z.object({
  name: z.string().describe('a name, or an address that a rule is for'),
  kind: z.enum(['none', 'block', 'allow']).describe('what the policy says of it'),
  list: z.string().nullable(),
  line: count.nullable(),
})

const parent = z.object({ name: z.string(), list: z.string(), line: count })

const decision = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none'), clause: z.string().describe('why no rule decides') }),
  z.object({ kind: z.enum(['block', 'allow']), clause: z.string().describe('why this rule won'), ...rule }),
])

const origin = z.object({
  source: z.string().describe('config, hosts, lease, rewrite or special'),
  path: z.string().nullable().describe('null for what stands in the configuration'),
  line: count.nullable().describe('from 1; null for leases'),
  text: z.string().describe('what stands there'),
})

const wouldAnswer = z.object({
  source: z
    .string()
    .describe(
      'who has the last word: special, local, sinkhole, safe-search, dns64, inspect (what it leads to is blocked), rebinding, guard, discovery, cache, or upstream',
    ),
  rcode: z.string().nullable().describe('null where only the upstream knows, or where nothing is sent at all'),
  ttl: count.nullable().describe('seconds'),
  records: z.array(z.string()).describe('the data of the answer, one record each; empty where only the upstream knows'),
  error: z.string().nullable().describe('what is said with it, as extended error'),
})

const cached = z.object({
  type: z.string(),
  rcode: z.string(),
  ttl: count.describe('seconds left; 0 where it is kept stale'),
  stale: z.boolean(),
  records: z.array(z.string()),
})

const evidence = z.object({
  device: z.string(),
  deviceName: z.string().nullable(),
  address: z.string().describe('the address that it was given for this name'),
  first: time,
  last: time,
  until: time.describe('how long it explains connections there'),
})

/** Everything that bears on one name. */
export const explanation = z
  .object({
    name: z.string().describe('as it is matched: lower case, A-labels'),
    device: z.string().nullable(),
    deviceName: z.string().nullable(),
    groups: z.array(group).describe('its groups, in the order in which they count'),
    upstreams: z
      .string()
      .nullable()
      .describe('the group whose upstreams are asked for it; null: those of the house are'),
    decision,
    matches: z.array(match).describe('every rule that matches, in every list'),
    local: z.array(origin).describe('where the house itself has this name'),
    parent: parent.nullable().describe('a name above it that is blocked while it is not'),
    aliases: z
      .array(alias)
      .describe('names that cached answers lead on to, in their order, and addresses in them that a rule is for'),
    pause: pauseState.describe('of everybody'),
    pauses: z.array(pause).describe('all that hold for the device; while there is one, nothing is blocked for it'),
    safeSearch: safeSearch.nullable().describe('null where the name stands for itself'),
    wouldAnswer: z.object({ A: wouldAnswer, AAAA: wouldAnswer, HTTPS: wouldAnswer }),
    cached: z.array(cached),
    evidence: z.array(evidence).describe('who was given which address for it, latest first'),
  })
  .meta({ id: 'Explanation' })
export type Explanation = z.output<typeof explanation>
