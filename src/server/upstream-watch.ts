// Says once when no upstream answers any more, and once when one does again. Looks; changes nothing.
import type { Log } from '../log.ts'
import type { UpstreamFigures } from '../upstream/upstream.ts'

/** How often the upstreams' health is looked at, ms. */
const LOOK_EVERY_MS = 5000

/** Starts looking; returns what ends it. */
export function watchUpstreams(figures: () => Promise<readonly UpstreamFigures[]>, log: Log): () => void {
  let down = false
  const timer = setInterval(async () => {
    // Whoever knows them is gone: the server ends.
    const upstreams = await figures().catch(() => undefined)
    if (upstreams === undefined) return
    const now = upstreams.length > 0 && upstreams.every(({ healthy }) => !healthy)
    if (now && !down) {
      log.problem({
        code: 'ASKFIRST_E_UPSTREAM',
        message: `no upstream answers: ${upstreams.map(({ server }) => server).join(', ')}`,
        hint: 'Blocked, local and cached names are still answered. Each upstream is tried again every few seconds.',
      })
    } else if (down && !now) log.info({}, 'an upstream answers again')
    down = now
  }, LOOK_EVERY_MS)
  return () => clearInterval(timer)
}
