// The part of the configuration that says how clients reach us. Knows no file.
import { z } from 'zod'
import { BOUNDS, LENGTHS } from './bounds.ts'
import * as values from './values.ts'

/** `connections` */
export const connections = z.strictObject({
  most: values.count(
    BOUNDS.connections,
    'All together. Beyond it a new one takes the place of the one that has been quiet for longest.',
  ),
  perClient: values.count(BOUNDS.connectionsPerClient, 'Of one address; the same holds there.'),
  idle: values.duration(BOUNDS.connectionIdle, 'One that says nothing for so long is closed.'),
  proxyProtocol: z
    .array(values.prefix)
    .max(LENGTHS.ranges)
    .prefault([])
    .meta({
      description:
        'Load balancers, by address or range, that begin every connection with a PROXY header (version 1 or 2): it says who the client is. They must always send it; from all others none is taken.',
      examples: [['192.168.1.3']],
    }),
})
