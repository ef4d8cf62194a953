// `askfirst run`: the server and its process, from the first reading of the configuration to the last signal.
import { endpointText } from './base/address.ts'
import { Failure, internalProblem, type Problem, problemText } from './base/failure.ts'
import { readConfig } from './config/read.ts'
import { watchConfig } from './config/watch.ts'
import { openLog } from './log.ts'
import { serve } from './main.ts'
import { VERSION } from './server/version.ts'
import { welcomeLines } from './server/welcome.ts'
import { giveBackMemory, keepHeapsSmall } from './system/memory.ts'

/** Serves with the configuration in `path` until it is told to stop, or cannot go on; then the process ends. */
export async function run(path: string, reportsStdin: boolean): Promise<void> {
  keepHeapsSmall()
  let onChange = (): void => {}
  // Watched from before the first read, so that no edit falls in between.
  const watch = watchConfig(path, () => onChange())
  const read = readConfig(path)
  if ('problems' in read) fail(read.problems)
  const { config } = read
  const log = openLog(config.log.level)
  const server = await serve(config, log, reportsStdin ? process.stdin : undefined).catch((fault: unknown) => {
    if (fault instanceof Failure) fail(fault.problems)
    throw fault
  })
  const { listening, policy, reports, control } = server
  const {
    lists,
    policy: { blocked },
  } = policy
  const about = {
    version: VERSION,
    listening,
    lists,
    blocked,
    upstreams: config.upstreams.servers,
    reports: reports.open,
    http: control.addresses,
  }
  process.stderr.write(`${welcomeLines(about).join('\n')}\n`)
  log.info(
    { version: VERSION, dns: listening.map(({ kind, endpoint }) => `${kind} ${endpointText(endpoint)}`), blocked },
    'started',
  )
  void giveBackMemory()

  const reload = async (): Promise<void> => {
    const again = readConfig(path)
    if ('config' in again) return server.reload(again.config)
    for (const problem of again.problems) log.problem(problem)
    log.warn({}, 'the configuration has problems: the one before stays in force')
  }
  let reloading: Promise<void> = Promise.resolve()
  onChange = () => {
    reloading = reloading.then(reload)
  }
  process.on('SIGHUP', () => {
    reloading = reloading.then(reload).then(server.reloadLists)
  })
  const stop = async (code: number): Promise<void> => {
    watch.close()
    // One that failed is told as a fault of ours.
    await reloading.catch(() => {})
    await server.close()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(0))
  const fault = new Promise<Problem>((resolve) => {
    process.once('uncaughtException', (what) => resolve(internalProblem(what)))
  })
  log.problem(await Promise.race([server.died, fault]))
  // What was learnt is written, and whoever watches over the process starts another one.
  setTimeout(() => process.exit(1), END_WITHIN_MS).unref()
  await stop(1)
}

/** After a fault of our own nothing is certain, not even that it can end in order. */
const END_WITHIN_MS = 10_000

function fail(problems: readonly Problem[]): never {
  process.stderr.write(`${problems.map(problemText).join('\n')}\n`)
  process.exit(1)
}
