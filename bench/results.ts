// What a run of the benchmark comes to: the contents of docs/benchmarks.json. Values only.
import type { Load } from './load.ts'
import { type Spread, spreadOf, sumOf } from './statistics.ts'

/** Load on one server, over all rounds. */
export interface Loaded {
  /** The command of the first round. */
  readonly command: string
  /** Answers a second. */
  readonly rate: Spread
  /** Processor time of the server for each answer, microseconds. */
  readonly cost: Spread
  /** Processor time of the server for each second: 1 is one core all the time. */
  readonly busy: Spread
  readonly sent: number
  readonly lost: number
  /** Answers with another code than NOERROR and NXDOMAIN, or to another question. */
  readonly failed: number
  /** Microseconds. */
  readonly p50?: Spread
  readonly p99?: Spread
  readonly worst: Spread
}

/** Puts rounds together. */
export function loaded(rounds: readonly Load[]): Loaded {
  const timed = rounds.every(({ latency }) => latency.p50 !== undefined && latency.p99 !== undefined)
  return {
    command: (rounds[0] as Load).command,
    rate: spreadOf(rounds, ({ rate }) => rate),
    cost: spreadOf(rounds, ({ cost }) => cost),
    busy: spreadOf(rounds, ({ busy }) => busy),
    sent: sumOf(rounds, ({ sent }) => sent),
    lost: sumOf(rounds, ({ lost }) => lost),
    failed: sumOf(rounds, ({ failed }) => failed),
    ...(timed
      ? {
          p50: spreadOf(rounds, ({ latency }) => latency.p50 as number),
          p99: spreadOf(rounds, ({ latency }) => latency.p99 as number),
        }
      : {}),
    worst: spreadOf(rounds, ({ latency }) => latency.worst),
  }
}

/** One server as it was run. */
export interface ServerRun {
  readonly how: string
  readonly version: string
  readonly command: string
  /** Milliseconds from start to the first right answer, list included. */
  readonly ready: number
  /** Resident memory in bytes: after the start, without a list, and the most at the end of all runs. */
  readonly memory: { readonly start: number; readonly bare?: number; readonly most: number }
}

/** Figures by server. */
export type ByServer<T> = Readonly<Record<string, T>>

/** The kinds of load for names that need not be forwarded. */
export type HitKind = 'dnsperf' | 'saturated' | 'steady' | 'quiet'

/** askfirst's own starts. Milliseconds and bytes. */
export interface Starts {
  /** Start with a text list and nothing saved → first blocked answer. */
  readonly cold: Spread
  /** List moved into the folder of a running server → first blocked answer. */
  readonly live: Spread
  /** Start with what the run before saved → first blocked answer. */
  readonly restart: Spread
  readonly bare: Spread
  readonly withList: Spread
  readonly added: Spread
}

/** Memory after load. */
export interface LongLoad {
  readonly seconds: number
  readonly queries: number
  readonly rate: number
  readonly lost: number
  /** Bytes. */
  readonly memory: number
  readonly most: number
}

/** Changes of the policy under load. */
export interface Swaps {
  readonly rate: number
  readonly swaps: number
  readonly sent: number
  readonly lost: number
  /** Milliseconds, the worst answer of each round. */
  readonly worst: Spread
  /** The same without changes of the policy: what the machine itself does to answers. */
  readonly worstWithout: Spread
}

/** Hits over UDP while connections stand open. */
export interface Held {
  /** Connections that say nothing, and those that send a byte a second. */
  readonly idle: number
  readonly slow: number
  readonly rate: number
  readonly sent: number
  readonly lost: number
  /** Microseconds, with the connections and without. */
  readonly p99: Spread
  readonly p99Without: Spread
}

/** Parts of askfirst measured in a process of their own. */
export interface Decisions {
  readonly rules: number
  /** Nanoseconds for a name of 5 labels that no rule matches: rules for names alone, and rules for all below them. */
  readonly none: Spread
  readonly noneBelow: Spread
  /** Nanoseconds for a name that is on the list. */
  readonly blocked: Spread
}

/** Microseconds for a name that no pattern matches. */
export interface Patterns {
  readonly patterns: number
  /** Patterns with a text of their own, and names that are asked for. */
  readonly text: Spread
  /** Patterns of classes and counts alone, for names that are asked for, and for names made by chance. */
  readonly bare: Spread
  readonly bareGarbage: Spread
}

export interface Judgements {
  readonly lines: number
  /** Lines a second of processor time, parsed and judged. */
  readonly rate: Spread
  readonly verdicts: Readonly<Record<string, number>>
}

/** Ten million names. */
export interface Huge {
  readonly names: number
  /** Milliseconds from start to the first blocked answer; bytes. */
  readonly ready: Spread
  readonly memory: Spread
  readonly most: Spread
}

/** One table that shows how cost grows with something. */
export interface Growth {
  readonly title: string
  readonly note: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Where processor time goes. */
export interface Profile {
  readonly of: string
  /** Functions with the largest own share of the busy time, largest first. */
  readonly top: readonly { readonly share: number; readonly name: string }[]
}

/** How it was run. */
export interface Setting {
  readonly date: string
  readonly version: string
  readonly commit: string | undefined
  readonly command: string
  readonly machine: Readonly<Record<string, string>>
  readonly rounds: number
  readonly seconds: number
  readonly cores: { readonly server: string; readonly client: string; readonly upstream: string }
  /** Versions of the tools, by program. */
  readonly tools: Readonly<Record<string, string>>
  /** Where the names come from. */
  readonly names: string
  /** Load averages of one minute before and after: what else the machine was doing. */
  readonly loadBefore: number
  readonly loadAfter: number
  readonly minutes: number
}

/** Everything. What was not measured is absent. */
export interface Results {
  readonly setting: Setting
  readonly servers: ByServer<ServerRun>
  /** Servers that did not start or answered wrongly, each with what it said. */
  readonly leftOut: Readonly<Record<string, string>>
  readonly hits: { readonly [Kind in HitKind]?: ByServer<Loaded> }
  readonly misses?: ByServer<Loaded>
  readonly starts?: Starts
  readonly longLoad?: LongLoad
  readonly swaps?: Swaps
  readonly held?: Held
  readonly decisions?: Decisions
  readonly patterns?: Patterns
  readonly judgements?: Judgements
  readonly huge?: Huge
  readonly growth?: readonly Growth[]
  readonly profiles?: readonly Profile[]
}
