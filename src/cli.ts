#!/usr/bin/env node
// The command line: what can be asked for, and how it ends. Knows no part of the server but its roots. The door of
// commander.
// Long because every command is declared here, in one place.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { Command, Option } from 'commander'
import { auditCommand } from './audit.ts'
import { endpointText } from './base/address.ts'
import { Failure, type Problem, problemText } from './base/failure.ts'
import { certCommand } from './cert.ts'
import { readConfig } from './config/read.ts'
import { watchConfig } from './config/watch.ts'
import { baseOf } from './control/client.ts'
import {
  changeCommand,
  explainCommand,
  findingsCommand,
  flushCommand,
  listsCommand,
  pauseCommand,
  refreshCommand,
  statsCommand,
  type Terminal,
} from './control/commands.ts'
import { compileCommand, lintCommand } from './list-commands.ts'
import { FORMATS, type FormatName } from './lists/line.ts'
import { TARGETS, type Target } from './lists/write/writers.ts'
import { openLog } from './log.ts'
import { serve } from './main.ts'
import { VERSION } from './server/version.ts'
import { welcomeLines } from './server/welcome.ts'

/** The configuration that comes with the program. */
const DEFAULT_CONFIG = new URL('../config/askfirst.yaml', import.meta.url).pathname
const TERMINAL: Terminal = { out: process.stdout, err: process.stderr, env: process.env }

/**
 * V8 lets what has died pile up until a thread's memory has doubled or more; here it may grow by this share, per cent.
 * Measured with a million forged senders: 45 MB more than before them, without it 240;
 * a question that is forwarded costs nothing more with it, since what lives for a moment has room (`YOUNG_MB`).
 */
const HEAP_GROWS_BY = 40

const program = new Command('askfirst')
  .description('A DNS sinkhole for a LAN that also names the software which connects without asking for a name.')
  .version(VERSION)
  .showHelpAfterError()
  .addOption(
    new Option('-c, --config <file>', 'configuration file')
      .default(DEFAULT_CONFIG, 'config/askfirst.yaml')
      .env('ASKFIRST_CONFIG'),
  )

program
  .command('run')
  .description('serve DNS, take reports, answer over HTTP, until stopped')
  .option(
    '--reports-stdin',
    'read firewall reports from standard input, such as from "conntrack -E -e NEW -o timestamp |"',
  )
  .action(async (options: { reportsStdin?: boolean }) => run(configPath(), options.reportsStdin === true))

program
  .command('check')
  .description('read the configuration and tell every problem in it')
  .argument('[file]', 'configuration file, instead of --config')
  .option('--json', 'problems as JSON')
  .action((file: string | undefined, { json }: { json?: boolean }) => {
    process.exitCode = check(file ?? configPath(), json === true)
  })

withServer(program.command('stats').description('figures of the running server')).action(
  async (options: ServerOptions) => {
    process.exitCode = await statsCommand(serverAt(options), options.json === true, TERMINAL)
  },
)

withServer(program.command('findings').description('connections that never asked, and DNS that goes elsewhere'))
  .option('--kind <kind>', 'direct-ip or dns-bypass')
  .option('--device <device>', 'a device by id, address, MAC or name')
  .option('--since <time>', 'such as 2026-11-22 or 2026-11-22T08:00:00Z')
  .option('--limit <number>', 'at most so many')
  .option('--cursor <cursor>', 'where the page before ended')
  .action(async ({ url, token, json, ...filter }: ServerOptions & Record<string, string>) => {
    process.exitCode = await findingsCommand(serverAt({ url, token }), filter, json === true, TERMINAL)
  })

withServer(program.command('lists').description('what each list gives, how current it is, what it shares with others'))
  .option('--no-compare', 'leave out what lists share, which reads all of them once more')
  .option('--refresh [url]', 'ask for the lists from the web first, due or not; or for this one')
  .action(async ({ compare, json, refresh, ...at }: ServerOptions & { compare: boolean; refresh?: string | true }) => {
    if (refresh !== undefined) {
      const url = refresh === true ? undefined : refresh
      process.exitCode = await refreshCommand(serverAt(at), url, TERMINAL, sleep)
      if (process.exitCode !== 0) return
    }
    process.exitCode = await listsCommand(serverAt(at), compare, json === true, TERMINAL, Date.now())
  })

program
  .command('lint')
  .description('check a list: what is in it, what is not understood, what is said twice or for nothing')
  .argument('<file>', 'list file')
  .addOption(new Option('--format <format>', 'how its lines read').choices(['auto', ...FORMATS]).default('auto'))
  .option('--json', 'as JSON')
  .action(async (file: string, { format, json }: { format: FormatName | 'auto'; json?: boolean }) => {
    process.exitCode = await lintCommand(file, { format, json: json === true }, TERMINAL)
  })

program
  .command('compile')
  .description('write the lists of the configuration, or these files, as one list for another resolver')
  .argument('[files...]', 'list files, instead of those of the configuration')
  .addOption(new Option('--to <format>', 'what to write').choices(TARGETS).makeOptionMandatory())
  .option('-o, --output <file>', 'where to write it, instead of standard output')
  .option('--group <group>', 'what members of this group get, instead of what everybody gets')
  .action(async (files: string[], { to, output, group }: { to: Target; output?: string; group?: string }) => {
    process.exitCode = await compileCommand(configPath(), files, { to, output, group }, TERMINAL)
  })

withServer(program.command('explain').description('why a name is blocked or not, and who was given its addresses'))
  .argument('<name>', 'domain name')
  .option('--device <device>', 'as this device would get it: id, address, MAC or name')
  .action(async (name: string, options: ServerOptions & { device?: string }) => {
    process.exitCode = await explainCommand(serverAt(options), name, options.device, options.json === true, TERMINAL)
  })

withServer(program.command('flush').description('forget what is cached for a name'))
  .argument('<name>', 'domain name')
  .option('--zone', 'with everything under it')
  .action(async (name: string, options: ServerOptions & { zone?: boolean }) => {
    process.exitCode = await flushCommand(
      serverAt(options),
      name,
      options.zone === true,
      options.json === true,
      TERMINAL,
    )
  })

for (const kind of ['block', 'allow'] as const) {
  const words = kind === 'block' ? 'block a name from now on' : 'allow a name from now on, whatever lists say'
  withServer(program.command(kind).description(`${words}; written to the file of rules`))
    .argument('<name>', 'domain name; *.x for x and all that is under it')
    .option('--group <group>', 'for the members of a group')
    .option('--device <device>', 'for one device: id, address, MAC or name')
    .action(async (name: string, { group, device, ...options }: ServerOptions & Scoped) => {
      const body = { kind, name, group, device }
      process.exitCode = await changeCommand(serverAt(options), '/api/v1/rules', body, options.json === true, TERMINAL)
    })
}

withServer(program.command('name').description('give a device a name; written to the file of rules'))
  .argument('<device>', 'its MAC; or an address or its name of now, where its MAC is known')
  .argument('<name>', 'what it is called from now on')
  .action(async (device: string, name: string, options: ServerOptions) => {
    const body = { device, name }
    const json = options.json === true
    process.exitCode = await changeCommand(serverAt(options), '/api/v1/devices/name', body, json, TERMINAL)
  })

withServer(program.command('pause').description('block nothing for a while'))
  .argument('<minutes>', 'how long; 0 ends a pause')
  .option('--group <group>', 'for the members of a group')
  .option('--device <device>', 'for one device: id, address, MAC or name')
  .action(async (minutes: string, { group, device, ...options }: ServerOptions & Scoped) => {
    const body = { seconds: 60 * Number(minutes), group, device }
    process.exitCode = await pauseCommand(serverAt(options), body, options.json === true, TERMINAL)
  })

withServer(program.command('bonus').description('let the hours of a group begin later, or give it some minutes now'))
  .argument('<minutes>', 'how many')
  .argument('<group>', 'a group with a schedule')
  .action(async (minutes: string, group: string, options: ServerOptions) => {
    const body = { group, minutes: Number(minutes) }
    process.exitCode = await changeCommand(serverAt(options), '/api/v1/bonus', body, options.json === true, TERMINAL)
  })

auditCommand(program.command('audit'))
certCommand(program.command('cert'))

await program.parseAsync()

interface Scoped {
  readonly group?: string
  readonly device?: string
}

interface ServerOptions {
  readonly url?: string | undefined
  readonly token?: string | undefined
  readonly json?: boolean
}

function withServer(command: Command): Command {
  return command
    .option('--url <url>', 'where the server answers; taken from the configuration if left out')
    .addOption(
      new Option('--token <token>', 'token of the server; taken from the configuration if left out').env(
        'ASKFIRST_TOKEN',
      ),
    )
    .option('--json', 'as JSON')
}

function configPath(): string {
  return program.opts<{ config: string }>().config
}

/** Where the running server is: as told, or as the configuration says. */
function serverAt({ url, token }: ServerOptions) {
  const read = existsSync(configPath()) ? readConfig(configPath()) : { problems: [] }
  const http = 'config' in read ? read.config.http : undefined
  const [first] = http?.listen ?? []
  const base = url ?? baseOf(first ?? { address: '127.0.0.1', port: 8053 })
  return { base, token: token ?? http?.token ?? undefined }
}

function check(path: string, json: boolean): number {
  const read = readConfig(path)
  const problems = 'problems' in read ? read.problems : []
  if (json) process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, problems })}\n`)
  else if (problems.length === 0) process.stdout.write(`${path}: the configuration is in order\n`)
  else process.stderr.write(`${problems.map(problemText).join('\n')}\n${problems.length} problem(s) in ${path}\n`)
  return problems.length === 0 ? 0 : 1
}

function fail(problems: readonly Problem[]): never {
  process.stderr.write(`${problems.map(problemText).join('\n')}\n`)
  process.exit(1)
}

async function run(path: string, reportsStdin: boolean): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWS_BY}`)
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
    await reloading
    await server.close()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop(0))
  const problem = await server.died
  log.problem(problem)
  await stop(1)
}
