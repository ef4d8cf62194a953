// What of the configuration's bounds each resolver thread gets. Knows no thread.
import type { ResolverSettings } from './messages.ts'

/** A thread more than this adds little: the network card, the kernel and the control thread are busy too. */
const AUTO_MOST = 4

/** A cache smaller than this holds next to nothing. */
const CACHE_LEAST = 64 * 1024

/** What `threads` in the configuration may be. */
export type ThreadsWanted = 'auto' | number

/**
 * How many resolver threads there are. `auto`: as many as there are processors but one, which the control thread and
 * the system need, and at most four. Only Linux deals packets out to several sockets of one address: elsewhere there
 * is one.
 */
export function threadsOf(wanted: ThreadsWanted, processors: number, platform: string = process.platform): number {
  if (platform !== 'linux') return 1
  return wanted === 'auto' ? Math.min(AUTO_MOST, Math.max(1, processors - 1)) : wanted
}

/**
 * One thread's share of the settings: memory, connections and questions on their way are bounds of the whole process. The
 * limits on askers are not divided: who asks from one port is one thread's affair, and must not be limited sooner.
 */
export function shareOf(settings: ResolverSettings, threads: number): ResolverSettings {
  if (threads === 1) return settings
  const part = (whole: number): number => Math.ceil(whole / threads)
  const { cache, serving, upstreams } = settings
  return {
    ...settings,
    cache: { ...cache, bytes: Math.max(CACHE_LEAST, part(cache.bytes)) },
    serving: { ...serving, connections: { ...serving.connections, most: part(serving.connections.most) } },
    upstreams: { ...upstreams, maxInFlight: part(upstreams.maxInFlight) },
  }
}
