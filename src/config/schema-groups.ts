// The keys about groups of devices and their hours. Knows no list and no device.
import { z } from 'zod'
import { endpointText, parseEndpoint, parseMac, parsePrefix } from '../base/address.ts'
import { BLOCK_MODES } from '../policy/block-answer.ts'
import type { Member } from '../policy/group.ts'
import { SAFE_SEARCH_ENGINES } from '../policy/safe-search.ts'
import { WEEKDAYS } from '../policy/schedule.ts'
import { BOUNDS, LENGTHS } from './bounds.ts'
import { SERVICES } from './services.ts'
import * as values from './values.ts'
import { upstream } from './values-upstream.ts'

/** What a blocked name gets: for the house, for a group, for some lists. */
export const blockAnswer = {
  answer: z
    .enum(BLOCK_MODES)
    .default('loopback')
    .describe(
      'What a blocked name gets. loopback: 127.0.0.1 and ::1; zero: 0.0.0.0 and ::; nxdomain: no such name; nodata: the name exists but has no address; refused: an error; drop: no answer at all over UDP, an error elsewhere; addresses: those below.',
    ),
  addresses: z
    .array(values.address)
    .max(LENGTHS.addresses)
    .prefault([])
    .describe('The IPv4 and IPv6 addresses to answer with. Used with "answer: addresses" only.'),
  ttl: values.duration(BOUNDS.blockTtl, 'How long a device may keep that answer.'),
}

/** The name of a list, or its URL. */
const listPattern = z.string().min(1).max(2048)

const MEMBER_WORDS =
  'a MAC, an address, a range, the name of a device such as tablet-*, "id:" with what a client calls itself, "door:" with plain, tls or https, or "at:" with an address of this machine'

/** One member of a group, as text. */
const member = z
  .string()
  .min(1)
  .max(128)
  .transform((text, context): Member => {
    const mac = parseMac(text)
    if (mac !== undefined) return { kind: 'mac', mac }
    const prefix = parsePrefix(text)
    if (prefix !== undefined) return { kind: 'range', prefix }
    const [, kind, rest] = /^(id|door|at):(.+)$/.exec(text) ?? []
    const listener = kind === 'at' ? parseEndpoint(rest as string, 0) : undefined
    if (listener !== undefined) {
      // Without a port: every port.
      return { kind: 'listener', at: endpointText(listener).replace(/:0$/, ':') }
    }
    if (kind === 'id') return { kind: 'id', pattern: (rest as string).toLowerCase() }
    if (kind === 'door' && ['plain', 'tls', 'https'].includes(rest as string))
      return { kind: 'door', door: rest as string }
    if (kind === undefined && !/[/:]/.test(text)) return { kind: 'name', pattern: text.toLowerCase() }
    context.addIssue({ code: 'custom', message: `must be ${MEMBER_WORDS}` })
    return z.NEVER
  })

/** The name of a group or a schedule. */
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'must be of small letters, digits and dashes, at most 32 of them' })

const group = z.strictObject({
  name: name.describe('What it is called. "default" takes in every device.'),
  members: z
    .array(member)
    .max(LENGTHS.ranges)
    .default([])
    .describe(
      'Who is in it: a MAC, an address, a range, the name of a device (* for any text), id: with what a client calls itself by TLS name or DoH path, door: with plain, tls or https, at: with the address of this machine that it asks at, such as at:192.168.20.1.',
    ),
  withDefault: z.boolean().default(true).describe('The rules for everybody are for its members too.'),
  lists: z
    .array(listPattern)
    .max(LENGTHS.ranges)
    .default([])
    .describe('Lists by file name or URL, * for any text: they are for this group then, and others that name them.'),
  block: z.array(values.rule).max(LENGTHS.rules).default([]).describe('Rules of its own, in any list format.'),
  allow: z.array(values.rule).max(LENGTHS.rules).default([]).describe('Exceptions of its own, in any list format.'),
  services: z.array(z.enum(SERVICES)).default([]).describe('Services that are blocked, by their shipped lists.'),
  safeSearch: z
    .array(z.enum(SAFE_SEARCH_ENGINES))
    .default([])
    .describe('Search engines that must answer strictly, by the way that each of them publishes.'),
  only: z.boolean().default(false).describe('Its members get only what an allow rule names.'),
  blocking: z.strictObject(blockAnswer).optional().describe('What a blocked name gets. Left out: as for everybody.'),
  upstreams: z
    .array(upstream)
    .max(LENGTHS.servers)
    .prefault([])
    .describe(
      'Resolvers that are asked for its members in the place of upstreams.servers, and nobody else; what upstreams.options says of a server counts. Left out: as for everybody.',
    ),
  schedule: name.optional().describe('All of this holds only while this schedule is on. Left out: always.'),
})

const hour = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, { error: 'must be a time of day such as 21:30, in quotes' })
  .transform((text) => 60 * Number(text.slice(0, 2)) + Number(text.slice(3)))
const date = z.iso.date({ error: 'must be a date such as 2026-12-24, in quotes' })

const span = z.strictObject({
  days: z
    .array(z.enum(WEEKDAYS))
    .min(1)
    .default([...WEEKDAYS])
    .describe('The days on which it begins. Left out: every day.'),
  from: hour.describe('When it begins, such as "21:00".'),
  to: hour.describe('When it ends, such as "06:30"; not after "from": on the next day.'),
})

const exception = z.strictObject({
  from: date.describe('The first day, such as "2026-12-24".'),
  to: date.optional().describe('The last day. Left out: the same.'),
  set: z
    .enum(['on', 'off'])
    .default('off')
    .describe('With on it is on the whole day; with off nothing begins on that day.'),
})

const schedule = z.strictObject({
  name: name.describe('What it is called.'),
  timeZone: values.timeZone.prefault('local').describe('The zone of its hours, such as Europe/Berlin.'),
  when: z.array(span).min(1).max(LENGTHS.ranges).describe('When it is on.'),
  except: z.array(exception).max(LENGTHS.ranges).default([]).describe('Days that are not as their weekday says.'),
})

/** Groups of devices. */
export const groups = z
  .array(group)
  .max(LENGTHS.groups)
  .prefault([])
  .meta({
    description:
      'Groups of devices with rules of their own. A device may be in several: the first one that says something counts.',
    examples: [[{ name: 'children', members: ['tablet-*'], lists: ['adult.txt'], services: ['tiktok'] }]],
  })

/** When groups hold. */
export const schedules = z
  .array(schedule)
  .max(LENGTHS.groups)
  .prefault([])
  .meta({
    description: 'Hours of the week for groups.',
    examples: [[{ name: 'school-night', when: [{ days: ['sun', 'mon'], from: '21:00', to: '06:30' }] }]],
  })

/** What certain lists answer. */
export const listAnswers = z
  .array(
    z.strictObject({
      lists: z.array(listPattern).min(1).max(LENGTHS.ranges).describe('Lists by file name or URL, * for any text.'),
      ...blockAnswer,
    }),
  )
  .max(LENGTHS.groups)
  .prefault([])
  .meta({
    description: 'Other answers for the names of certain lists; the first item that fits counts.',
    examples: [[{ lists: ['malware.txt'], answer: 'nxdomain' }]],
  })
