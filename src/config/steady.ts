// When has a file changed for good? Decides from what is seen of it; knows no file and no clock.

/**
 * Follows one file through its stamps (size, times, inode: cheap to ask) and contents (costly to ask).
 * Somebody looks at intervals and does what `see` says.
 */
export class Steady {
  /** The stamp that the known content was read under. */
  #stamp: string | undefined
  #content: string
  #latest: string | undefined

  constructor(stamp: string | undefined, content: string) {
    this.#stamp = stamp
    this.#content = content
    this.#latest = stamp
  }

  /**
   * Takes in the present stamp; undefined where there is no file.
   * `wait`: it has moved, look again soon; `read`: it has stood still, hand its content to `take`.
   */
  see(stamp: string | undefined): 'same' | 'wait' | 'read' {
    const still = stamp === this.#latest
    this.#latest = stamp
    // A file that is gone is about to be put back: editors rename. Its old content stands until then.
    if (stamp === undefined || stamp === this.#stamp) return 'same'
    return still ? 'read' : 'wait'
  }

  /** Takes in the content after `read`; true where it is other than before. */
  take(content: string): boolean {
    const changed = content !== this.#content
    this.#stamp = this.#latest
    this.#content = content
    return changed
  }
}
