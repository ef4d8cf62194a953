// What can go wrong, as values with one stable code each. The table is the contract; docs/errors.md explains each.

/** Every code, with its one-line meaning. `docs/errors.md` has a section for each, and a test holds the two together. */
export const ERRORS = {
  ASKFIRST_E_CONFIG_READ: 'the configuration file cannot be read',
  ASKFIRST_E_CONFIG_SYNTAX: 'the configuration file is not valid YAML',
  ASKFIRST_E_CONFIG_KEY: 'the configuration has a key that does not exist',
  ASKFIRST_E_CONFIG_VALUE: 'a value in the configuration is not allowed',
  ASKFIRST_E_RULES_WRITE: 'a change at run time cannot be written down',
  ASKFIRST_E_LIST_READ: 'a list cannot be read',
  ASKFIRST_E_LIST_LINE: 'a line of a list fits no format',
  ASKFIRST_E_LIST_BOUND: 'a list is larger than the bound',
  ASKFIRST_E_LIST_DOWNLOAD: 'a list from the web is not current',
  ASKFIRST_E_NAMES_READ: 'a hosts or lease file cannot be read',
  ASKFIRST_E_NAMES_LINE: 'a line of a hosts file is none',
  ASKFIRST_E_NAMES_BOUND: 'there are more names than the house may have',
  ASKFIRST_E_LISTEN_IN_USE: 'another process already listens on this address and port',
  ASKFIRST_E_LISTEN_FORBIDDEN: 'this user may not listen on this port',
  ASKFIRST_E_LISTEN: 'an address cannot be listened on',
  ASKFIRST_E_CERTIFICATE: 'a certificate or its key cannot be used',
  ASKFIRST_E_USER: 'the process cannot become the user that it should run as',
  ASKFIRST_E_UPSTREAM: 'no upstream gave a usable answer',
  ASKFIRST_E_STATE: 'the state folder cannot be used',
  ASKFIRST_E_REPORTS: 'a source of firewall reports cannot be used',
  ASKFIRST_E_HTTP_REQUEST: 'an HTTP request is not valid',
  ASKFIRST_E_HTTP_AUTH: 'an HTTP request lacks a valid token',
  ASKFIRST_E_NOT_RUNNING: 'no running askfirst answers at this address',
  ASKFIRST_E_AUDIT: 'a log for the audit cannot be read',
  ASKFIRST_E_INTERNAL: 'a fault in askfirst itself',
} as const

/** One of the stable error codes. */
export type ErrorCode = keyof typeof ERRORS

/** Where a problem stands: a file with line and column (from 1), or a path inside a document. */
export interface Place {
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly path?: string
}

/** A failure as a value: what, where, and the way out. Never thrown by layers 0–4. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  readonly place?: Place
  /** What to do about it, as a full sentence. */
  readonly hint?: string
}

/** A `Problem` on its way through code that can only throw (start-up, CLI). Caught once, at the edge. */
export class Failure extends Error {
  readonly problems: readonly Problem[]
  constructor(...problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'))
    this.name = 'Failure'
    this.problems = problems
  }
}

/** One problem as text, for a terminal: `file:line:column path: message [CODE]`, then the hint. */
export function problemText(problem: Problem): string {
  const { file, line, column, path } = problem.place ?? {}
  const where = [file, line, column].filter((part) => part !== undefined).join(':')
  const head = [where, path].filter((part) => part !== undefined && part !== '').join(' ')
  const text = `${head === '' ? '' : `${head}: `}${problem.message} [${problem.code}]`
  return problem.hint === undefined ? text : `${text}\n  ${problem.hint}`
}

/** A fault of our own that nobody foresaw, with the place in the code where it was thrown. */
export const internalProblem = (fault: unknown): Problem => ({
  code: 'ASKFIRST_E_INTERNAL',
  message: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
})
