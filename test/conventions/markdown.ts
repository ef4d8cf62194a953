// What a Markdown page promises: the commands in its shell blocks, its YAML blocks, its links to other files.

/** One fenced block: its language and its lines. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = []
  const lines = page.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const open = /^\s*```+(\w*)/.exec(lines[i] as string)
    if (open === null) continue
    const from = i + 1
    do i++
    while (i < lines.length && !/^\s*```/.test(lines[i] as string))
    blocks.push({ language: open[1] as string, text: lines.slice(from, i).join('\n') })
  }
  return blocks
}

const SHELLS = ['sh', 'bash', 'shell', 'console']

/** The commands of a page's shell blocks, without prompt, sudo, variables and what stands after them. */
export function commandsOf(page: string): string[][] {
  return blocksOf(page)
    .filter(({ language }) => SHELLS.includes(language))
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/\s#.*$/, '').trim())
    .flatMap((line) => line.split(/\s*(?:&&|\|\||[|;])\s*/))
    .map((command) =>
      command
        .replace(/^\$ /, '')
        .replace(/^((sudo|time|exec|[A-Z_]+=\S*)\s+)+/, '')
        .split(/\s+/),
    )
    .filter(([name]) => name !== undefined && name !== '' && !name.startsWith('#'))
}

/** Links of a page to files of the repository, relative to the page's folder, without the part after #. */
export const fileLinksOf = (page: string): string[] =>
  [...page.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => (target as string).replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))

/** Why a command cannot work, or undefined. Knows npm, node, npx and our own program; other programs are not judged. */
export function faultOf(command: readonly string[], known: KnownCommands): string | undefined {
  const [name, first = '', ...rest] = command
  const text = command.join(' ')
  if (name === 'npm') {
    if (['ci', 'i', 'install', 'pack'].includes(first)) return undefined
    const script = first === 'run' ? rest.find((word) => !word.startsWith('-')) : first
    if (script === undefined || !known.scripts.includes(script)) return `${text}: there is no script "${script ?? ''}"`
    const end = command.indexOf('--')
    return script === 'askfirst' && end > 0 ? ownFault(command.slice(end + 1), known, text) : undefined
  }
  if (name === 'node' && first === 'src/cli.ts') return ownFault(rest, known, text)
  if (name === 'node' && first.endsWith('.ts')) return known.exists(first) ? undefined : `${text}: there is no ${first}`
  if (name === 'npx' && first === 'askfirst') return ownFault(rest, known, text)
  return name === 'askfirst' ? ownFault([first, ...rest], known, text) : undefined
}

/** What there is to call. */
export interface KnownCommands {
  /** Scripts of package.json. */
  readonly scripts: readonly string[]
  /** Commands of our own program. */
  readonly own: readonly string[]
  readonly exists: (path: string) => boolean
}

function ownFault(words: readonly string[], known: KnownCommands, text: string): string | undefined {
  const command = words.find((word) => word !== '' && !word.startsWith('-'))
  if (command === undefined || known.own.includes(command)) return undefined
  return `${text}: askfirst has no command "${command}"`
}
