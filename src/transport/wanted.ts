// Which listeners there should be: the configured addresses, plain ones spread over the machine's own. Knows no socket.
import { type Endpoint, endpointText } from '../base/address.ts'
import { expandWildcard, type ListenerKind } from './listener.ts'

/** The configured addresses by what is served on them. */
export interface ListenSettings {
  /** UDP and TCP. */
  readonly plain: readonly Endpoint[]
  readonly tls: readonly Endpoint[]
  readonly https: readonly Endpoint[]
  /** Plain HTTP for reverse proxies. */
  readonly http: readonly Endpoint[]
}

/** One listener that should be. */
export interface WantedListener {
  readonly kind: ListenerKind
  readonly endpoint: Endpoint
}

/**
 * All of them by a key of their own. Plain DNS is spread over each local address, so that it goes beside another
 * program that holds one of them (systemd-resolved's 127.0.0.53); what is encrypted takes a wildcard as it is.
 */
export function wantedListeners(listen: ListenSettings): ReadonlyMap<string, WantedListener> {
  const plain = listen.plain.flatMap(expandWildcard)
  const all = [
    ...plain.flatMap((endpoint) => [{ kind: 'udp', endpoint } as const, { kind: 'tcp', endpoint } as const]),
    ...(['tls', 'https', 'http'] as const).flatMap((kind) => listen[kind].map((endpoint) => ({ kind, endpoint }))),
  ]
  return byKey(all)
}

/** Listeners by a key of their own. */
export const byKey = (all: readonly WantedListener[]): ReadonlyMap<string, WantedListener> =>
  new Map(all.map((one) => [`${one.kind} ${endpointText(one.endpoint)}`, one]))
