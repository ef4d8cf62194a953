// The HTTP API's requests and smaller answers: one source for validation, types and OpenAPI. Knows no route.
import { z } from 'zod'
import { type Address, endpointText, parseAddress, parseEndpoint, parseMac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import { ERRORS, type ErrorCode } from '../base/failure.ts'
import { parseName } from '../base/name.ts'
import type { DeviceId } from '../ledger/device.ts'
import type { BypassClass, DirectClass, Finding, VerdictKind } from '../ledger/verdict.ts'
import { DOORS } from '../pipeline/clients.ts'
import type { Manner } from '../pipeline/profiles.ts'
import { readCursor } from './cursor.ts'

/** Largest request body in bytes: about 5,000 firewall lines. Larger amounts are several requests. */
export const BODY_MAX = 1024 * 1024
/** Longest pause in seconds: a day. Who wants longer changes the lists. */
export const PAUSE_MAX = 86_400
/** Findings on one page. */
export const PAGE_MAX = 1000
const PAGE_DEFAULT = 100

/** A moment as the API writes it. */
export const time = z.string().meta({ format: 'date-time', description: 'ISO 8601, UTC' })
/** A number of things. */
export const count = z.int().min(0)

/** Milliseconds since 1970 as the API writes them; what lies beyond a date that can be written is the last one. */
export const timeText = (at: EpochMs): string => new Date(Math.min(Math.max(at, 0), 253_402_300_799_999)).toISOString()

/** Every verdict, in the order in which the judge's page explains them. */
export const VERDICTS = [
  'asked',
  'stale',
  'borrowed',
  'direct-ip',
  'dns-bypass',
  'exempt',
  'unproven',
] as const satisfies readonly VerdictKind[]
const FINDING_KINDS = ['direct-ip', 'dns-bypass'] as const satisfies readonly Finding['kind'][]
const CLASSES = ['plain', 'ntp', 'stun', 'p2p', 'after-dns-bypass', 'dns', 'dot', 'doh'] as const satisfies readonly (
  | DirectClass
  | BypassClass
)[]

/** A device as people write it: by its id, or `name:` and its name in lower case. */
export type DeviceRef = DeviceId | `name:${string}`

export const deviceRef = z
  .string()
  .min(1)
  .max(128)
  .transform((text, context): DeviceRef => {
    const bare = text.replace(/^(ip|mac):/, '')
    const mac = text.startsWith('ip:') ? undefined : parseMac(bare)
    if (mac !== undefined) return `mac:${mac}`
    const address: Address | undefined = text.startsWith('mac:') ? undefined : parseAddress(bare)
    if (address !== undefined) return `ip:${address}`
    if (bare === text) return `name:${text.toLowerCase()}`
    context.addIssue({
      code: 'custom',
      message: 'write an address, a MAC, a name, or a device id such as mac:aa:bb:cc:dd:ee:ff',
    })
    return z.NEVER
  })

const name = z
  .string({ error: ({ input }) => (input === undefined ? 'is needed' : 'must be one text') })
  .max(1024)
  .transform((text, context) => {
    const found = parseName(text)
    if (found !== undefined) return found
    context.addIssue({ code: 'custom', message: 'not a domain name' })
    return z.NEVER
  })

const moment = z
  .string()
  .max(40)
  .transform((text, context): EpochMs => {
    const parsed = z.union([z.iso.datetime({ offset: true }), z.iso.date()]).safeParse(text)
    if (parsed.success) return Date.parse(text)
    context.addIssue({ code: 'custom', message: 'write a time such as 2026-11-22T08:00:00Z, or a date' })
    return z.NEVER
  })

const cursor = z
  .string()
  .max(512)
  .transform((text, context) => {
    const found = readCursor(text)
    if (found !== undefined) return found
    context.addIssue({ code: 'custom', message: 'not a cursor of this server: take "next" of the page before' })
    return z.NEVER
  })

/** `GET /api/v1/findings?…` */
export const findingsQuery = z.strictObject({
  kind: z.enum(FINDING_KINDS).optional().describe('only this kind'),
  device: deviceRef.optional().describe('only this device: its id, an address, a MAC or its name'),
  since: moment.optional().describe('only what was seen at or after this time'),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_DEFAULT).describe('findings on one page'),
  cursor: cursor.optional().describe('"next" of the page before'),
})
export type FindingsQuery = z.output<typeof findingsQuery>

/** How somebody asks, in the words that groups have for it. */
const via = z
  .string()
  .min(1)
  .max(256)
  .transform((text, context): Manner => {
    const said = text.split(/[\s,]+/).map((word) => /^(id|door|at):(.+)$/.exec(word))
    const of = (kind: string): string | undefined => said.find((one) => one?.[1] === kind)?.[2]
    const at = of('at')
    const listener = at === undefined ? undefined : parseEndpoint(at, 0)
    const id = of('id')?.toLowerCase()
    const door = of('door') ?? (id === undefined ? 'plain' : 'https')
    if (!said.includes(null) && DOORS.some((one) => one === door) && (at === undefined || listener !== undefined)) {
      return { door, id, listener: listener === undefined ? '' : endpointText(listener).replace(/:0$/, ':') }
    }
    context.addIssue({
      code: 'custom',
      message: 'write id:NAME, door:plain, door:tls, door:https or at:ADDRESS[:PORT]',
    })
    return z.NEVER
  })

/** `GET /api/v1/explain?…` */
export const explainQuery = z.strictObject({
  name: name.describe('the domain name'),
  device: deviceRef.optional().describe('as this device would get it: its id, an address, a MAC or its name'),
  via: via.optional().describe('as who asks so: id:NAME, door:DOOR, at:ADDRESS[:PORT], or several of them'),
})

/** `POST /api/v1/cache/flush` */
export const flushBody = z
  .strictObject({
    name: name.describe('the domain name'),
    zone: z.boolean().default(false).describe('with everything under it'),
  })
  .meta({ id: 'Flush' })
export const flushed = z
  .object({ name: z.string(), zone: z.boolean(), flushed: count.describe('answers that were forgotten') })
  .meta({ id: 'Flushed' })
export type Flushed = z.output<typeof flushed>

/** `POST /api/v1/reports` as JSON; the other two forms are text. */
export const reportLines = z
  .strictObject({ lines: z.array(z.string()).describe('lines as the firewall wrote them') })
  .meta({ id: 'ReportLines' })
export const reportsBody = z.union([z.string(), reportLines])

/** What became of posted lines; every line is counted once. */
export const reportCounts = z
  .object({
    reports: count.describe('lines that report a connection'),
    notOurs: count.describe('lines that report none'),
    unknownFormat: count.describe('lines with an address, in a format that is not known'),
    rejected: count.describe('lines of a known format that are cut or contradict themselves'),
  })
  .meta({ id: 'ReportCounts' })
export type ReportCounts = z.output<typeof reportCounts>

/** Whether blocking is paused. */
export const pauseState = z
  .object({ active: z.boolean(), until: time.nullable(), by: z.string().nullable().describe('who asked for it') })
  .meta({ id: 'PauseState' })
export type PauseState = z.output<typeof pauseState>

/** The same after it was changed. */
export const pauseChanged = pauseState
  .extend({ file: z.string().nullable().describe('where it stands; null: nowhere, so that a restart ends it') })
  .meta({ id: 'PauseChanged' })
export type PauseChanged = z.output<typeof pauseChanged>

/** Whether the server does its work. */
export const health = z
  .object({ ok: z.boolean(), reasons: z.array(z.string()).describe('what is wrong; empty where ok') })
  .meta({ id: 'Health' })
export type Health = z.output<typeof health>

/** One finding. */
export const finding = z
  .object({
    id: z.string(),
    kind: z.enum(FINDING_KINDS),
    class: z.enum(CLASSES),
    device: z.string(),
    deviceName: z.string().nullable(),
    src: z.string(),
    dst: z.string(),
    proto: z.string(),
    dport: z.int().min(0).max(65_535).nullable(),
    day: z.string().meta({ format: 'date', description: 'UTC' }),
    first: time,
    last: time,
    count: count.min(1),
    score: z.number().min(0).max(100).describe('how much it deserves a look'),
    rule: z.string().nullable().describe("the firewall's log prefix or rule"),
    reason: z.string(),
  })
  .meta({ id: 'Finding' })
export type FindingView = z.output<typeof finding>

/** One page of findings. */
export const findingsPage = z
  .object({
    findings: z.array(finding).describe('the one first seen latest comes first'),
    next: z.string().nullable().describe('cursor of the next page; null on the last one'),
  })
  .meta({ id: 'FindingsPage' })
export type FindingsPage = z.output<typeof findingsPage>

/** One device. */
export const device = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    mac: z.string().nullable(),
    addresses: z.array(z.string()),
    shared: z.boolean().describe('several devices stand behind this MAC; each address is judged for itself'),
    asks: z.boolean().describe('it has asked for names'),
    first: time,
    last: time,
  })
  .meta({ id: 'Device' })
export const devices = z.object({ devices: z.array(device) }).meta({ id: 'Devices' })
export type Devices = z.output<typeof devices>

const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]

const place = z.object({
  file: z.string().optional(),
  line: z.int().min(1).optional(),
  column: z.int().min(1).optional(),
  path: z.string().optional().describe('the key of a file or of the request'),
})

/** How every request fails. */
export const failed = z
  .object({
    error: z.object({
      code: z.enum(codes),
      message: z.string(),
      place: place.optional().describe('where it is wrong'),
      hint: z.string().optional().describe('what to do about it'),
    }),
  })
  .meta({ id: 'Failed' })
export type Failed = z.output<typeof failed>
