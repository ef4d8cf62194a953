// The keys for lists that come from the web: `lists.urls` and `lists.updates`. Knows no other key.
import { z } from 'zod'
import { BOUNDS } from './bounds.ts'
import * as values from './values.ts'

/** How the lines of a list read: the formats of `src/lists/line.ts`, which a test compares. */
export const listFormat = z
  .enum(['auto', 'hosts', 'domains', 'wildcard', 'adblock', 'dnsmasq', 'unbound', 'rpz', 'regex', 'ip', 'json'])
  .default('auto')
  .describe('How its lines read; auto finds out.')

/** Whether plain names cover what lies under them. */
export const listSubdomains = z
  .boolean()
  .default(false)
  .describe('Its plain names are for their sub-domains too, as in a list of wildcards.')

/** One list from the web. */
export const listUrl = z.strictObject({
  url: values.webAddress.describe('Where it is.'),
  kind: z.enum(['block', 'allow']).default('block').describe('Allowlists win over blocklists.'),
  format: listFormat,
  subdomains: listSubdomains,
  rewrites: z
    .boolean()
    .default(false)
    .describe(
      'Whether its rules may answer with addresses and names of their own ($dnsrewrite, RPZ data). Only for a source that you trust with where names lead.',
    ),
})

/** How lists from the web are kept current. */
export const updates = z.strictObject({
  every: values.duration(
    BOUNDS.listEvery,
    'How often a list is looked for; each has its own time within a tenth of it.',
  ),
  timeout: values.duration(BOUNDS.listTimeout, 'How long one download may take.'),
  maxSize: values.size(BOUNDS.listSize, 'Largest download.'),
  shrink: values.count(
    BOUNDS.listShrink,
    'A list that has lost more than so many percent of its rules since the last time is not taken.',
  ),
})
