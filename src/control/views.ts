// The port through which the HTTP API sees the server. Knows neither HTTP nor the classes behind it.
import type { Problem } from '../base/failure.ts'
import type { Name } from '../base/name.ts'
import type { Manner } from '../pipeline/profiles.ts'
import type { Changed, NameBody, RuleBody } from './change-schemas.ts'
import type { Explanation } from './explain-schema.ts'
import type { Lists, Refreshing } from './lists-schema.ts'
import type {
  DeviceRef,
  Devices,
  FindingsPage,
  FindingsQuery,
  Flushed,
  Health,
  PauseChanged,
  ReportCounts,
} from './schemas.ts'
import type { Stats } from './stats-schema.ts'

type Soon<T> = T | Promise<T>

/** Whom a pause is for; both left out: everybody. */
export interface Scope {
  readonly group?: string | undefined
  readonly device?: DeviceRef | undefined
}

/** What the composition root fills in. None of these may throw for what a client sends: that is checked before. */
export interface Views {
  /** Every figure; `/metrics` is made from the same, so the two never disagree. */
  stats(): Soon<Stats>
  findings(query: FindingsQuery): Soon<FindingsPage | Problem>
  /** `ip:…` may be an address of a device that is known by its MAC; a name that no device has is a problem. */
  explain(name: Name, device: DeviceRef | undefined, manner: Manner | undefined): Soon<Explanation | Problem>
  devices(): Soon<Devices>
  /** All lists; `compare` with what each shares with the others. */
  lists(compare: boolean): Soon<Lists>
  /** Asks for lists from the web now, due or not: all, or the one of a URL. */
  refreshLists(url: string | undefined): Soon<Refreshing | Problem>
  /** Takes text in lines as a firewall wrote them, at most `BODY_MAX` bytes. `source` names the intake source. */
  takeReports(text: string, source: string): Soon<ReportCounts>
  /** Blocks nothing for this many seconds, 1 to `PAUSE_MAX`. `by` says who asked, for people. */
  pause(seconds: number, by: string, scope: Scope): Soon<PauseChanged | Problem>
  resume(by: string, scope: Scope): Soon<PauseChanged | Problem>
  /** Writes a rule down and lets it hold; a problem where that cannot be. */
  rule(rule: RuleBody): Soon<Changed | Problem>
  nameDevice(body: NameBody): Soon<Changed | Problem>
  /** Gives the members of a group so many minutes before its hours begin, or go on. */
  bonus(group: string, minutes: number): Soon<Changed | Problem>
  /** Forgets what is cached for a name, or for a zone with all under it. */
  flush(name: Name, zone: boolean): Soon<Flushed>
  health(): Soon<Health>
}
