// What syslog listeners have in common: their options, their handle, and what a refused bind means. Knows no protocol.
import { type Endpoint, endpointText, type Prefix } from '../../base/address.ts'
import type { Problem } from '../../base/failure.ts'
import type { Intake } from '../intake.ts'

export interface ListenerOptions {
  readonly intake: Intake
  /** Port 0 takes any free one. */
  readonly endpoint: Endpoint
  /** Firewalls that may send. */
  readonly allowFrom: readonly Prefix[]
}

/** A listener at work. */
export interface Listener {
  /** Where it listens, with the port that it got. */
  readonly endpoint: Endpoint
  readonly close: () => Promise<void>
}

/** Why an endpoint cannot be listened on. */
export function listenProblem(error: NodeJS.ErrnoException, endpoint: Endpoint, what: string): Problem {
  const where = `${what} on ${endpointText(endpoint)}`
  if (error.code === 'EADDRINUSE') {
    return {
      code: 'ASKFIRST_E_LISTEN_IN_USE',
      message: `${where}: another process already listens there`,
      hint: IN_USE,
    }
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return { code: 'ASKFIRST_E_LISTEN_FORBIDDEN', message: `${where}: this user may not listen there`, hint: FORBIDDEN }
  }
  return { code: 'ASKFIRST_E_LISTEN', message: `${where}: ${error.message}`, hint: OTHER }
}

const IN_USE =
  'Stop the other syslog receiver, or choose another port under reports.syslog and send the firewall’s reports there.'
const FORBIDDEN =
  'Ports below 1024 need a privilege: use the default 5514, or give askfirst the capability to bind them.'
const OTHER = 'Check that the address belongs to this machine.'
