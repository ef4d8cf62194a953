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
}

const match = z.object({
  ...rule,
  kind: z.enum(['block', 'allow']),
  applies: z.boolean().describe('its list is for this device, now'),
})

const group = z.object({
  name: z.string(),
  holds: z.boolean().describe('false while its hours are off'),
  schedule: z.string().nullable(),
  paused: z.boolean(),
})

const alias = z.object({
  name: z.string(),
  kind: z.enum(['none', 'block', 'allow']).describe('what the policy says of it'),
  list: z.string().nullable(),
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
    .describe('where the answer would come from: sinkhole, local, special, cache, dns64, upstream, or refused'),
  rcode: z.string().nullable().describe('null where only the upstream knows'),
  ttl: count.nullable().describe('seconds'),
  records: z.array(z.string()).describe('the data of the answer, one record each; empty where only the upstream knows'),
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
    decision,
    matches: z.array(match).describe('every rule that matches, in every list'),
    local: z.array(origin).describe('where the house itself has this name'),
    parent: parent.nullable().describe('a name above it that is blocked while it is not'),
    aliases: z.array(alias).describe('names that cached answers lead on to'),
    pause: pauseState,
    wouldAnswer: z.object({ A: wouldAnswer, AAAA: wouldAnswer, HTTPS: wouldAnswer }),
    cached: z.array(cached),
    evidence: z.array(evidence).describe('who was given which address for it, latest first'),
  })
  .meta({ id: 'Explanation' })
export type Explanation = z.output<typeof explanation>
