// The keys under `limits`. Knows no other key.
import { z } from 'zod'
import { BOUNDS, LENGTHS } from './bounds.ts'
import * as values from './values.ts'

/** How much one asker may ask. */
export const limits = z.strictObject({
  queries: values.count(BOUNDS.limitQueries, 'Queries a second from one address; 0 for any number.'),
  perPrefix: values.count(
    BOUNDS.limitPerPrefix,
    'Queries a second from one /24 (IPv4) or /56 (IPv6); beyond it only those are limited who came after the flood began. 0 for any number.',
  ),
  names: values.count(
    BOUNDS.limitNames,
    'Different names a second from one address, of those that are not answered by the fast lane; 0 for any number.',
  ),
  inFlight: values.count(
    BOUNDS.limitInFlight,
    'Queries of one address that may wait for an upstream at one time; 0 for any number.',
  ),
  over: z
    .enum(['truncate', 'drop', 'refuse'])
    .default('truncate')
    .describe(
      'What a query over a limit gets over UDP. truncate: every second one is asked to come over TCP, the others get nothing; drop: nothing; refuse: an error. Over other transports it is always an error.',
    ),
  exempt: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault(['127.0.0.0/8', '::1/128'])
    .describe('Addresses without a limit, such as another resolver that asks for a whole house.'),
})
