// Keeps the certificate current: reads it, watches its files, hands each sound new pair on. A broken new pair changes
// nothing: the one before stays in use, and that is told.
import { readFile } from 'node:fs/promises'
import { type Clock, DAY, type EpochMs } from '../base/clock.ts'
import { Failure, type Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import { watchConfig } from '../config/watch.ts'
import type { Log } from '../log.ts'
import { checkPair, type Facts, type Pair } from '../transport/identity.ts'

/** Where the two files are. */
export interface PairFiles {
  readonly certificate: string
  readonly key: string
}

/** What happens with a new pair, and with problems. */
export interface CertificateEvents {
  readonly renewed: (pair: Pair, facts: Facts) => void
  readonly problem: (problem: Problem) => void
}

/** ms that two files may take to be replaced, one after the other, before they are called broken. */
const BOTH_WITHIN = 2000
/** Largest file that is read: a long chain has some 20 KiB. */
const FILE_MAX = 256 * 1024
/** From so long before its end on, a certificate that nobody has renewed is worth a word at the start. */
const SOON = 7 * DAY

/** The pair in use, and its upkeep. */
export class CertificateKeeper {
  readonly #files: PairFiles
  readonly #clock: Clock
  readonly #events: CertificateEvents
  readonly #watches: readonly { close(): void }[]
  #pair: Pair = { certificate: '', key: '' }
  #facts: Facts = { names: [], from: 0, until: 0 }
  #problem: Problem | undefined
  #working: Promise<void> = Promise.resolve()
  #again: NodeJS.Timeout | undefined
  #closed = false

  private constructor(files: PairFiles, clock: Clock, events: CertificateEvents) {
    this.#files = files
    this.#clock = clock
    this.#events = events
    // Watched from before the first read, so that no change falls in between.
    this.#watches = [files.certificate, files.key].map((path) => watchConfig(path, () => this.#changed()))
  }

  /** Reads the first pair. It may be out of date, which is told: an old certificate serves those who do not look. */
  static async open(files: PairFiles, clock: Clock, events: CertificateEvents): Promise<CertificateKeeper | Problem> {
    const keeper = new CertificateKeeper(files, clock, events)
    const read = await readPair(files)
    if ('code' in read) {
      keeper.close()
      return read
    }
    keeper.#pair = read.pair
    keeper.#facts = read.facts
    keeper.#problem = outOfDate(files, read.facts, clock.now())
    if (keeper.#problem !== undefined) events.problem(keeper.#problem)
    return keeper
  }

  get pair(): Pair {
    return this.#pair
  }

  get facts(): Facts {
    return this.#facts
  }

  /** What is wrong with the files as they are now. */
  get problem(): Problem | undefined {
    return this.#problem
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#again)
    for (const watch of this.#watches) watch.close()
  }

  #changed(): void {
    clearTimeout(this.#again)
    this.#working = this.#working.then(() => this.#look(false))
  }

  /** The files are replaced one after the other: what does not fit together gets a second look before it is told. */
  async #look(isLast: boolean): Promise<void> {
    if (this.#closed) return
    const read = await readPair(this.#files)
    const problem = 'code' in read ? read : outOfDate(this.#files, read.facts, this.#clock.now())
    const isWorse = 'code' in read || (problem !== undefined && read.facts.until <= this.#facts.until)
    if (isWorse && !isLast) {
      this.#again = setTimeout(() => {
        this.#working = this.#working.then(() => this.#look(true))
      }, BOTH_WITHIN)
      return
    }
    this.#problem = problem
    if (problem !== undefined) this.#events.problem(problem)
    if ('code' in read || isWorse || same(read.pair, this.#pair)) return
    this.#pair = read.pair
    this.#facts = read.facts
    this.#events.renewed(read.pair, read.facts)
  }
}

/**
 * The keeper of these files, where there are any; `use` takes each new pair. Throws a `Failure` where the first one is
 * broken.
 */
export async function openCertificate(
  files: PairFiles | undefined,
  clock: Clock,
  log: Log,
  use: (pair: Pair) => void,
): Promise<CertificateKeeper | undefined> {
  if (files === undefined) return undefined
  const opened = await CertificateKeeper.open(files, clock, {
    renewed: (pair, { until }) => {
      use(pair)
      log.info({ until: new Date(until).toISOString() }, 'certificate loaded')
    },
    problem: (problem) => log.problem(problem),
  })
  if (!(opened instanceof CertificateKeeper)) throw new Failure(opened)
  return opened
}

const same = (a: Pair, b: Pair): boolean => a.certificate === b.certificate && a.key === b.key

async function readPair(files: PairFiles): Promise<{ readonly pair: Pair; readonly facts: Facts } | Problem> {
  const texts: string[] = []
  for (const path of [files.certificate, files.key]) {
    try {
      const bytes = await readFile(path)
      if (bytes.length > FILE_MAX) return broken(path, 'is larger than 256 KiB')
      texts.push(bytes.toString('latin1'))
    } catch (fault) {
      const code = (fault as NodeJS.ErrnoException).code
      if (code === 'ENOENT') return broken(path, 'there is no such file')
      if (code === 'EACCES' || code === 'EPERM') return broken(path, 'this user may not read it')
      return broken(path, `cannot be read: ${code}`)
    }
  }
  const [certificate = '', key = ''] = texts
  const facts = checkPair({ certificate, key })
  return typeof facts === 'string'
    ? broken(facts.startsWith('the key') ? files.key : files.certificate, facts)
    : { pair: { certificate, key }, facts }
}

const broken = (file: string, message: string): Problem => ({
  code: 'ASKFIRST_E_CERTIFICATE',
  message: safeText(message),
  place: { file: safeText(file) },
  hint: 'Make a pair with "askfirst cert", or name the files that your ACME client writes: the full chain and its key.',
})

function outOfDate({ certificate }: PairFiles, { from, until }: Facts, now: EpochMs): Problem | undefined {
  const when = (at: EpochMs): string => new Date(at).toISOString().slice(0, 10)
  const message =
    now < from
      ? `the certificate is valid from ${when(from)} on only`
      : now >= until
        ? `the certificate has been out of date since ${when(until)}`
        : until - now < SOON
          ? `the certificate ends on ${when(until)}`
          : undefined
  if (message === undefined) return undefined
  return {
    code: 'ASKFIRST_E_CERTIFICATE',
    message,
    place: { file: safeText(certificate) },
    hint: 'Renew it; the new files are taken as soon as they are written.',
  }
}
