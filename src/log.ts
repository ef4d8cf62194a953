// The program's own log: one JSON line for each event, to standard output or standard error. The door of pino.
import { type DestinationStream, pino } from 'pino'
import type { Problem } from './base/failure.ts'

/** What the rest of the program may do with the log. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** A problem as one line: code, place and hint as fields. */
  problem(problem: Problem): void
  setLevel(level: string): void
  flush(): void
}

/** Opens the log. JSON keeps hostile text inside its string, whatever it is; `to` defaults to standard output. */
export function openLog(level: string, to?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const log = to === undefined ? pino(options) : pino(options, to)
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    problem: ({ code, message, place, hint }) => log.error({ code, ...place, hint }, message),
    setLevel: (next) => {
      log.level = next
    },
    flush: () => log.flush(),
  }
}
