// The keys under `edns` and `identity`. Knows no other key.
import { z } from 'zod'
import * as values from './values.ts'

/** How EDNS options are taken. */
export const edns = z.strictObject({
  cookies: z
    .enum(['answer', 'ignore', 'require'])
    .default('answer')
    .describe(
      "DNS cookies show that an address is its sender's. answer: give one to who sends one; ignore: do not; require: over UDP answer nobody without (others are sent to TCP), and nothing by the fast lane.",
    ),
  clientSubnet: values
    .clientSubnet()
    .describe(
      'What upstreams are told of where a device is (EDNS client subnet). strip: nothing; forward: what the device itself sent, cut to /24 or /56; a range such as 203.0.113.0/24: always that one.',
    ),
})

const told = (what: string) => z.string().min(1).max(255).nullable().default(null).describe(what)

/** What the server tells of itself. */
export const identity = z.strictObject({
  version: told('The answer to version.bind and version.server.'),
  host: told('The answer to hostname.bind and id.server.'),
  nsid: told('What replies carry for a client that asks which server it reached (NSID).'),
})
