#!/usr/bin/env node
// The command line: what can be asked for, and how it ends. Knows no part of the server but its roots. The door of
// commander. What a command needs besides is loaded when it is given: a server that starts waits for nothing else.
// Long because every command is declared here, in one place.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { auditCommand } from './audit-command.ts'
import { problemText } from './base/failure.ts'
import { certCommand } from './cert.ts'
import { readConfig } from './config/read.ts'
import type { Terminal } from './control/commands.ts'
import { FORMATS, type FormatName } from './lists/line.ts'
import { TARGETS, type Target } from './lists/write/targets.ts'
import { VERSION } from './server/version.ts'

/** The configuration that comes with the program. */
const DEFAULT_CONFIG = new URL('../config/askfirst.yaml', import.meta.url).pathname
const TERMINAL: Terminal = { out: process.stdout, err: process.stderr, env: process.env }

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
  .action(async (options: { reportsStdin?: boolean }) => {
    const { run } = await import('./run.ts')
    await run(configPath(), options.reportsStdin === true)
  })

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
    const { at, statsCommand } = await asking(options)
    process.exitCode = await statsCommand(at, options.json === true, TERMINAL)
  },
)

withServer(program.command('findings').description('connections that never asked, and DNS that goes elsewhere'))
  .option('--kind <kind>', 'direct-ip or dns-bypass')
  .option('--device <device>', 'a device by id, address, MAC or name')
  .option('--since <time>', 'such as 2026-11-22 or 2026-11-22T08:00:00Z')
  .option('--limit <number>', 'at most so many')
  .option('--cursor <cursor>', 'where the page before ended')
  .action(async ({ url, token, json, ...filter }: ServerOptions & Record<string, string>) => {
    const { at, findingsCommand } = await asking({ url, token })
    process.exitCode = await findingsCommand(at, filter, json === true, TERMINAL)
  })

withServer(program.command('lists').description('what each list gives, how current it is, what it shares with others'))
  .option('--no-compare', 'leave out what lists share, which reads all of them once more')
  .option('--refresh [url]', 'ask for the lists from the web first, due or not; or for this one')
  .action(
    async ({ compare, json, refresh, ...options }: ServerOptions & { compare: boolean; refresh?: string | true }) => {
      const { at, listsCommand, refreshCommand } = await asking(options)
      if (refresh !== undefined) {
        const url = refresh === true ? undefined : refresh
        process.exitCode = await refreshCommand(at, url, TERMINAL, sleep)
        if (process.exitCode !== 0) return
      }
      process.exitCode = await listsCommand(at, compare, json === true, TERMINAL, Date.now())
    },
  )

program
  .command('lint')
  .description('check a list: what is in it, what is not understood, what is said twice or for nothing')
  .argument('<file>', 'list file')
  .addOption(new Option('--format <format>', 'how its lines read').choices(['auto', ...FORMATS]).default('auto'))
  .option('--json', 'as JSON')
  .action(async (file: string, { format, json }: { format: FormatName | 'auto'; json?: boolean }) => {
    const { lintCommand } = await import('./list-commands.ts')
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
    const { compileCommand } = await import('./list-commands.ts')
    process.exitCode = await compileCommand(configPath(), files, { to, output, group }, TERMINAL)
  })

withServer(program.command('explain').description('why a name is blocked or not, and who was given its addresses'))
  .argument('<name>', 'domain name')
  .option('--device <device>', 'as this device would get it: id, address, MAC or name')
  .option('--via <how...>', 'as who asks so would get it: id:tv, door:tls, at:192.168.20.1')
  .action(async (name: string, options: ServerOptions & { device?: string; via?: string[] }) => {
    const { at, explainCommand } = await asking(options)
    const { device, via } = options
    const asker = { ...(device && { device }), ...(via && { via: via.join(' ') }) }
    process.exitCode = await explainCommand(at, name, asker, options.json === true, TERMINAL)
  })

withServer(program.command('flush').description('forget what is cached for a name'))
  .argument('<name>', 'domain name')
  .option('--zone', 'with everything under it')
  .action(async (name: string, options: ServerOptions & { zone?: boolean }) => {
    const { at, flushCommand } = await asking(options)
    process.exitCode = await flushCommand(at, name, options.zone === true, options.json === true, TERMINAL)
  })

for (const kind of ['block', 'allow'] as const) {
  const words = kind === 'block' ? 'block a name from now on' : 'allow a name from now on, whatever lists say'
  withServer(program.command(kind).description(`${words}; written to the file of rules`))
    .argument('<name>', 'domain name; *.x for x and all that is under it')
    .option('--group <group>', 'for the members of a group')
    .option('--device <device>', 'for one device: id, address, MAC or name')
    .action(async (name: string, { group, device, ...options }: ServerOptions & Scoped) => {
      const body = { kind, name, group, device }
      const { at, changeCommand } = await asking(options)
      process.exitCode = await changeCommand(at, '/api/v1/rules', body, options.json === true, TERMINAL)
    })
}

withServer(program.command('name').description('give a device a name; written to the file of rules'))
  .argument('<device>', 'its MAC; or an address or its name of now, where its MAC is known')
  .argument('<name>', 'what it is called from now on')
  .action(async (device: string, name: string, options: ServerOptions) => {
    const body = { device, name }
    const { at, changeCommand } = await asking(options)
    process.exitCode = await changeCommand(at, '/api/v1/devices/name', body, options.json === true, TERMINAL)
  })

withServer(program.command('pause').description('block nothing for a while'))
  .argument('<minutes>', 'how long; 0 ends a pause')
  .option('--group <group>', 'for the members of a group')
  .option('--device <device>', 'for one device: id, address, MAC or name')
  .action(async (minutes: string, { group, device, ...options }: ServerOptions & Scoped) => {
    const body = { seconds: 60 * Number(minutes), group, device }
    const { at, pauseCommand } = await asking(options)
    process.exitCode = await pauseCommand(at, body, options.json === true, TERMINAL)
  })

withServer(program.command('bonus').description('let the hours of a group begin later, or give it some minutes now'))
  .argument('<minutes>', 'how many')
  .argument('<group>', 'a group with a schedule')
  .action(async (minutes: string, group: string, options: ServerOptions) => {
    const body = { group, minutes: Number(minutes) }
    const { at, changeCommand } = await asking(options)
    process.exitCode = await changeCommand(at, '/api/v1/bonus', body, options.json === true, TERMINAL)
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

/** What asks a running server, and where that is: as told, or as the configuration says. */
async function asking({ url, token }: ServerOptions) {
  const [commands, { baseOf }] = await Promise.all([import('./control/commands.ts'), import('./control/client.ts')])
  const read = existsSync(configPath()) ? readConfig(configPath()) : { problems: [] }
  const http = 'config' in read ? read.config.http : undefined
  const [first] = http?.listen ?? []
  const base = url ?? baseOf(first ?? { address: '127.0.0.1', port: 8053 })
  return { ...commands, at: { base, token: token ?? http?.token ?? undefined } }
}

function check(path: string, json: boolean): number {
  const read = readConfig(path)
  const problems = 'problems' in read ? read.problems : []
  if (json) process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, problems })}\n`)
  else if (problems.length === 0) process.stdout.write(`${path}: the configuration is in order\n`)
  else process.stderr.write(`${problems.map(problemText).join('\n')}\n${problems.length} problem(s) in ${path}\n`)
  return problems.length === 0 ? 0 : 1
}
