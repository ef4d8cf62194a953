// The servers that are measured: how each is configured with a list, and started. Knows nothing of measuring.
import {
  appendFileSync,
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { type Command, run } from './processes.ts'

/** Where a server runs: a folder of its own, free ports, and what it works with. */
export interface Place {
  readonly folder: string
  readonly port: number
  readonly upstream: number
  /** A file of names, one a line; it may be empty. */
  readonly list: string
  /** Free ports for what a server listens on beside DNS. */
  readonly spare: readonly number[]
}

/** A server that can be measured. */
export interface Contender {
  readonly id: string
  /** The Debian package and the program in it. Absent where it comes with the benchmark. */
  readonly from?: { readonly package: string; readonly program: string; readonly version: Command }
  /** How it blocks, in a few words, for the report. */
  readonly how: string
  /** Whether it gives the same answer to every query; its answers are not looked at then. */
  readonly fixed?: true
  /** Whether queries for HTTPS records of blocked names pass. */
  readonly leaksHttps?: true
  /** Writes its configuration and returns the command that runs it in the foreground. */
  readonly prepare: (place: Place) => Promise<Command>
}

const TEMPLATES = new URL('./rivals/', import.meta.url).pathname

/** Servers of others, each with its configuration in `bench/rivals/`. */
export const RIVALS: readonly Contender[] = [
  {
    id: 'unbound',
    from: { package: 'unbound', program: 'unbound', version: ['unbound', '-V'] },
    how: 'local-zone always_null',
    async prepare(place) {
      const list = await rewrite(place, 'list.conf', (name) => `local-zone: "${name}." always_null`)
      return ['unbound', '-d', '-c', fill('unbound.conf', place, { list })]
    },
  },
  dnsmasq('dnsmasq', 'local=/name/', 'dnsmasq.conf', (name) => `local=/${name}/`),
  {
    ...dnsmasq('dnsmasq-hosts', 'hosts file', 'dnsmasq-hosts.conf', (name) => `127.0.0.1 ${name}\n::1 ${name}`),
    leaksHttps: true,
  },
  {
    id: 'pdns-recursor',
    from: { package: 'pdns-recursor', program: 'pdns_recursor', version: ['pdns_recursor', '--version'] },
    how: 'response policy zone',
    async prepare(place) {
      const list = await rewrite(place, 'list.rpz', (name) => `${name} A 127.0.0.1`, ZONE_HEAD)
      writeFileSync(join(place.folder, 'rpz.lua'), `rpzFile("${list}", {policyName="list"})\n`)
      fill('pdns-recursor.conf', place, {}, 'recursor.conf')
      return ['pdns_recursor', `--config-dir=${place.folder}`]
    },
  },
  {
    id: 'knot-resolver',
    from: { package: 'knot-resolver', program: 'kresd', version: ['kresd', '--version'] },
    how: 'response policy zone',
    async prepare(place) {
      const list = await rewrite(place, 'list.rpz', (name) => `${name} CNAME .`, ZONE_HEAD)
      return ['kresd', '-n', '-c', fill('knot-resolver.conf', place, { list }), place.folder]
    },
  },
]

/** The least that a server can cost: `bench/floor.c`, compiled to `program`. */
export const floor = (program: string): Contender => ({
  id: 'floor',
  how: 'the same answer to everything',
  fixed: true,
  prepare: ({ port }) => Promise.resolve([program, String(port)]),
})

/** How askfirst is started, and what of its configuration a measurement may want otherwise. */
export interface AskfirstOptions {
  /** The cache's size; the default configuration has 16 MiB. */
  readonly cache?: string
  /** Resolver threads; the configuration's own number if left out. */
  readonly threads?: number
  /** Options of Node, such as for a profile. */
  readonly node?: readonly string[]
  /** Further lines of its configuration. */
  readonly more?: (place: Place) => string
}

/** Where Node keeps what it compiles, as in `config/askfirst.service`. */
const COMPILED = `NODE_COMPILE_CACHE=${new URL('../node_modules/.cache/askfirst', import.meta.url).pathname}`

/** How the C library keeps freed memory, as in `config/askfirst.service`. */
const MALLOC =
  'GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=1048576:glibc.malloc.mmap_threshold=1048576'

/** The server of this repository, built (`build`), as `config/askfirst.service` runs it. */
export const askfirst = ({ cache = '128MiB', threads, node = [], more }: AskfirstOptions = {}): Contender => ({
  id: 'askfirst',
  how: 'a file in the lists folder',
  prepare(place) {
    const lists = join(place.folder, 'lists')
    const list = join(lists, 'list.txt')
    mkdirSync(lists, { recursive: true })
    // Started again, it finds the file that it knows.
    if (!existsSync(list)) copyFileSync(place.list, list)
    const [reports, http] = place.spare
    const config = fill('askfirst.yaml', place, { lists, cache, reports: String(reports), http: String(http) })
    if (threads !== undefined) appendFileSync(config, `threads: ${threads}\n`)
    if (more !== undefined) appendFileSync(config, more(place))
    const cli = new URL('../dist/cli.js', import.meta.url).pathname
    return Promise.resolve([
      'env',
      COMPILED,
      MALLOC,
      process.execPath,
      '--max-semi-space-size=2',
      ...node,
      cli,
      '--config',
      config,
      'run',
    ])
  },
})

/** Makes what `askfirst` runs. */
export const build = (): Promise<string> => run(['npm', 'run', 'build'], new URL('..', import.meta.url).pathname, 60)

/** The same without koffi, as on a platform for which it has no binary: node:dgram alone, a system call a datagram. */
export const plainAskfirst: Contender = {
  ...askfirst({ node: ['--no-addons'] }),
  id: 'askfirst-plain',
  how: 'a file in the lists folder; node:dgram',
}

/** The upstream of all of them. */
export const upstream: Contender = {
  id: 'nsd',
  from: { package: 'nsd', program: 'nsd', version: ['nsd', '-v'] },
  how: 'wildcards in a root zone',
  prepare(place) {
    copyFileSync(join(TEMPLATES, 'root.zone'), join(place.folder, 'root.zone'))
    return Promise.resolve(['nsd', '-d', '-c', fill('nsd.conf', place, {})])
  },
}

function dnsmasq(id: string, how: string, template: string, line: (name: string) => string): Contender {
  return {
    id,
    from: { package: 'dnsmasq-base', program: 'dnsmasq', version: ['dnsmasq', '--version'] },
    how,
    async prepare(place) {
      const list = await rewrite(place, 'list.conf', line)
      // It would give up root and could then not read what is in our folder.
      const user = process.env['USER'] ?? 'root'
      return ['dnsmasq', '-C', fill(template, place, { list, user })]
    },
  }
}

const ZONE_HEAD = '$ORIGIN list.\n$TTL 60\n@ SOA localhost. root.localhost. 1 3600 600 86400 60\n@ NS localhost.\n'

/** Fills a template of `bench/rivals/` and returns the path of the result. Throws on a word that nobody fills. */
function fill(template: string, place: Place, words: Readonly<Record<string, string>>, as = template): string {
  const { folder, port, upstream: above } = place
  const all: Record<string, string> = { folder, port: String(port), upstream: String(above), ...words }
  const text = readFileSync(join(TEMPLATES, template), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, word: string) => {
    const value = all[word]
    if (value === undefined) throw new Error(`${template}: nothing for {{${word}}}`)
    return value
  })
  const path = join(folder, as)
  writeFileSync(path, text)
  return path
}

/** Writes the list in a server's own form and returns the path. */
async function rewrite(place: Place, file: string, line: (name: string) => string, head = ''): Promise<string> {
  const path = join(place.folder, file)
  const names = createInterface({ input: createReadStream(place.list), crlfDelay: Number.POSITIVE_INFINITY })
  await pipeline(
    names,
    async function* (source: AsyncIterable<string>) {
      let chunk = head
      for await (const name of source) {
        chunk += `${line(name)}\n`
        if (chunk.length < 65_536) continue
        yield chunk
        chunk = ''
      }
      yield chunk
    },
    createWriteStream(path),
  )
  return path
}
