// Lists that are to be kept current: what is wanted, by which rules, and what is told of them. Types only.
import type { Clock } from '../../base/clock.ts'
import type { ListKind } from '../../policy/decision.ts'
import type { FormatName } from '../line.ts'
import type { FetchRules } from './fetch-list.ts'
import type { Judgement, JudgeOrder } from './judge.ts'
import type { ListRecord } from './store.ts'

/** A list to be kept current. */
export interface WantedList {
  readonly url: string
  readonly kind: ListKind
  readonly format: FormatName | 'auto'
  readonly subdomains: boolean
  readonly rewrites: boolean
}

/** How lists are kept current. */
export interface DownloadRules {
  /** Milliseconds between two looks at a server. */
  readonly every: number
  /** Milliseconds for one download. */
  readonly timeout: number
  readonly maxBytes: number
  /** A list that has lost more than this share (0 to 1) of its rules is not taken. */
  readonly shrink: number
}

/** What is told. */
export interface DownloadEvents {
  /** There are new copies: the lists are to be compiled. Resolves when they are in force. */
  readonly changed: (updates: readonly ListUpdate[]) => void | Promise<void>
  /** A list stays as it was, although it should not. */
  readonly failed: (url: string, why: string, copy: ListRecord['copy']) => void
}

/** One list that has changed. */
export interface ListUpdate {
  readonly url: string
  readonly rules: number
  readonly added: number
  readonly removed: number
}

/** How it stands with one list. Times are epoch milliseconds. */
export interface DownloadStatus extends ListRecord, WantedList {
  /**
   * `waiting` for its time; `queued` in this round; `fetching` now, of which `received` bytes have come; `loading` until
   * the new copy is in force.
   */
  readonly state: 'waiting' | 'queued' | 'fetching' | 'loading'
  readonly received: number
  /** Changes since the start. */
  readonly updates: number
  /** When it is fetched again. */
  readonly next: number
}

/** What downloads touch of the world. */
export interface DownloadWorld {
  readonly clock: Clock
  readonly resolve: FetchRules['resolve']
  readonly userAgent: string
  readonly ca?: string
  readonly judge?: (order: JudgeOrder) => Promise<Judgement>
}
