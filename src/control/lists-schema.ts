// What `GET /api/v1/lists` answers. One source for validation, types and OpenAPI. It grows by new keys and new kinds of
// skipped lines; readers must pass over what they do not know.
import { z } from 'zod'
import { count, time } from './schemas.ts'

/** What may be asked for. */
export const listsQuery = z.object({
  compare: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether to compare all lists with each other, which reads them once more: a second a million rules.'),
})
export type ListsQuery = z.output<typeof listsQuery>

const download = z.object({
  url: z.string(),
  state: z
    .enum(['waiting', 'queued', 'fetching', 'loading'])
    .describe(
      'waiting for its time; queued and fetching while lists are fetched; loading until a new copy is in force',
    ),
  received: count.describe('bytes of the download that is under way'),
  fetched: time.nullable().describe('when the content of the copy came; null: there is none yet'),
  checked: time.nullable().describe('when the server was last asked with success'),
  tried: time.nullable().describe('when it was last asked, well or not'),
  next: time.describe('when it is asked again'),
  failures: count.describe('tries that failed since'),
  why: z.string().nullable().describe('why the last try changed nothing, where it should have'),
  sha256: z.string().nullable().describe('of the copy'),
  added: count.describe('rules that the last change added'),
  removed: count,
})

/** The last change of a list. */
export const listChange = z.object({
  at: time.describe('when its content came, or for a file was noticed'),
  rules: count.describe('different rules that it has since'),
  added: count,
  removed: count,
})

const comparison = z.object({
  rules: count.describe('different rules'),
  unique: count.describe('rules that no other list has'),
  shared: z.array(z.object({ list: z.string(), rules: count })).describe('the lists with most in common'),
})

const list = z.object({
  name: z.string(),
  kind: z.enum(['block', 'allow']),
  path: z.string().nullable().describe('null for rules that stand in the configuration'),
  formats: z.array(z.string()).describe('most frequent first'),
  confidence: z.number().describe('share of its lines that has the first format, 0 to 1'),
  subdomains: z.boolean().describe('its plain names cover what lies under them'),
  rules: count,
  lines: count,
  rejected: count,
  skipped: z.record(z.string(), count).describe('lines left aside, by kind'),
  hits: count,
  updates: count.describe('changes since the start'),
  change: listChange
    .nullable()
    .describe('the last change; null for rules in the configuration, and until a file was compared'),
  download: download.nullable(),
  comparison: comparison.nullable().describe('null unless asked for, and for lists that cannot be read now'),
})

/** `POST /api/v1/lists/refresh` */
export const refreshBody = z
  .strictObject({ url: z.string().max(2048).optional().describe('this list alone; left out: all of them') })
  .meta({ id: 'Refresh' })

/** What is under way then. */
export const refreshing = z
  .object({ lists: z.array(z.string()).describe('the URLs that are asked for; GET /api/v1/lists says how far it is') })
  .meta({ id: 'Refreshing' })
export type Refreshing = z.output<typeof refreshing>

/** All lists, in the order in which they are named where several have the same rule. */
export const lists = z
  .object({ loaded: time.describe('when the policy was compiled'), lists: z.array(list) })
  .meta({ id: 'Lists' })
export type Lists = z.output<typeof lists>
