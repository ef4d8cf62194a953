// What the HTTP API takes to change something at run time, and what it says of it. Knows no route.
import { z } from 'zod'
import { parseName } from '../base/name.ts'
import { deviceRef, PAUSE_MAX } from './schemas.ts'

const scope = {
  group: z.string().max(32).optional().describe('for the members of this group'),
  device: deviceRef.optional().describe('for this device: its id, an address, a MAC or its name'),
}
const oneScope = ({ group, device }: { group?: string | undefined; device?: string | undefined }): boolean =>
  group === undefined || device === undefined
const ONE_SCOPE = { error: 'name a group or a device, not both' }

/** A domain name, or `*.` and one: with all that is under it. */
const ruleName = z
  .string()
  .max(1024)
  .transform((text, context) => {
    const subtree = text.startsWith('*.')
    const found = parseName(subtree ? text.slice(2) : text)
    if (found !== undefined && found !== '.') return subtree ? `*.${found}` : found
    context.addIssue({ code: 'custom', message: 'not a domain name' })
    return z.NEVER
  })

/** `POST /api/v1/rules` */
export const ruleBody = z
  .strictObject({
    kind: z.enum(['block', 'allow']),
    name: ruleName.describe('the domain name; *.x for x and all that is under it'),
    ...scope,
  })
  .refine(oneScope, ONE_SCOPE)
  .meta({ id: 'Rule' })
export type RuleBody = z.output<typeof ruleBody>

/** `POST /api/v1/devices/name` */
export const nameBody = z
  .strictObject({
    device: deviceRef.describe('its MAC; or its id, an address or its name, where its MAC is known'),
    name: z
      .string()
      .regex(/^(?!\s)[^\p{C}\p{Zl}\p{Zp}]{1,64}(?<!\s)$/u, { error: 'must be 1 to 64 characters on one line' })
      .describe('what it is called from now on'),
  })
  .meta({ id: 'DeviceName' })
export type NameBody = z.output<typeof nameBody>

/** `POST /api/v1/bonus` */
export const bonusBody = z
  .strictObject({
    group: z.string().max(32),
    minutes: z.int().min(1).max(1440).describe('how much later the hours of the group begin, or go on'),
  })
  .meta({ id: 'BonusMinutes' })

/** What came of a change at run time. */
export const changed = z
  .object({
    done: z.string().describe('what holds now, in words'),
    file: z.string().nullable().describe('where it stands'),
  })
  .meta({ id: 'Changed' })
export type Changed = z.output<typeof changed>

/** `POST /api/v1/pause` */
export const pauseBody = z
  .strictObject({
    seconds: z.int().min(0).max(PAUSE_MAX).describe('how long nothing is blocked; 0 ends a pause'),
    ...scope,
  })
  .refine(oneScope, ONE_SCOPE)
  .meta({ id: 'Pause' })
