// Bounded maps in which the least recently used makes room. The door of lru-cache.
import { LRUCache } from 'lru-cache'

/** At most `most` entries, a whole number above 0. `dispose` hears of each that goes, whatever lets it go. */
export class Recent<K extends {}, V extends {}> extends LRUCache<K, V> {
  constructor(most: number, dispose?: (value: V, key: K) => void) {
    // By size and not by `max`, for which it takes memory at once, some 20 bytes an entry: 1.8 MB for all of ours.
    super({ maxSize: most, sizeCalculation: one, ...(dispose && { dispose }) })
  }
}

const one = (): number => 1
