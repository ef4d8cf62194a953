// The command line of the benchmark: what may be chosen, and the plan that comes of it. Runs nothing.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { BAR_IDS, type BarId } from './bars.ts'

/** What is to be done. */
export interface Plan {
  readonly bars: ReadonlySet<BarId>
  /** Ids of rivals; all where undefined. */
  readonly rivals: readonly string[] | undefined
  readonly rounds: number
  readonly seconds: number
  /** Length of the load after which memory is read, seconds. */
  readonly loadSeconds: number
  readonly growth: boolean
  readonly json: boolean
  readonly cores: { readonly server: string; readonly client: string; readonly upstream: string }
  /** Whether all of it is run, so that the pages may be written. */
  readonly whole: boolean
}

export const USAGE = `npm run bench -- [options]

Measures askfirst beside other servers, on this machine, with all traffic on loopback. Without options: everything but
what "--huge", "--growth" and "--long" add, in some 10 minutes; docs/benchmarks.md and docs/benchmarks.json are written.
With --only, --rivals or --quick the tables go to standard output and nothing is written.

  --only <bars>      of ${BAR_IDS.join(' ')} (with commas)
  --rivals <names>   of unbound dnsmasq dnsmasq-hosts pdns-recursor knot-resolver (with commas)
  --rounds <number>  rounds of each measurement, 5
  --seconds <number> length of one run of load, 3
  --quick            one round of one second, to see that it works
  --huge             ten million names too: some 2 minutes more
  --growth           how cost grows, too: some 8 minutes more
  --long             10 minutes of load before memory is read, instead of 1
  --cores <s,c,u>    cores of the server, the client and the upstream
  --json             the results as JSON on standard output
  --help
`

/** Reads the arguments; a text where they make no plan, to be shown. */
export function plan(args: readonly string[]): Plan | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rivals: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        quick: { type: 'boolean', default: false },
        huge: { type: 'boolean', default: false },
        growth: { type: 'boolean', default: false },
        long: { type: 'boolean', default: false },
        cores: { type: 'string', default: defaultCores(availableParallelism()) },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    const { only, rivals, quick, huge, growth, long, json, help } = values
    if (help) return { problem: USAGE }
    const whole = only === undefined && rivals === undefined && !quick
    return {
      bars: only === undefined ? new Set(BAR_IDS.filter((id) => id !== 'huge' || huge)) : barsOf(only),
      rivals: rivals?.split(','),
      rounds: quick ? 1 : count('rounds', values.rounds),
      seconds: quick ? 1 : count('seconds', values.seconds),
      loadSeconds: long ? 600 : quick ? 5 : 60,
      growth,
      json,
      cores: coresOf(values.cores),
      whole,
    }
  } catch (fault) {
    return { problem: `${(fault as Error).message}\n\n${USAGE}` }
  }
}

/** The client must not take time from the server; with three cores or more the upstream need not from the client. */
const defaultCores = (cores: number): string => (cores > 2 ? '0,1,2' : cores === 2 ? '0,1,1' : '0,0,0')

function barsOf(only: string): Set<BarId> {
  const ids = only.split(',')
  const unknown = ids.filter((id) => !(BAR_IDS as readonly string[]).includes(id))
  if (unknown.length > 0) throw new Error(`no such bar: ${unknown.join(', ')}`)
  return new Set(ids as BarId[])
}

function coresOf(text: string): Plan['cores'] {
  const [server, client, upstream, ...rest] = text.split(',')
  const all = [server, client, upstream]
  if (rest.length > 0 || all.some((core) => core === undefined || !/^\d+$/.test(core))) {
    throw new Error('--cores takes three numbers, such as 0,1,2')
  }
  return { server: server as string, client: client as string, upstream: upstream as string }
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`--${name} takes a number from 1 to 9999`)
  return Number(text)
}
