import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { KnownCommands } from './markdown.ts'
import { commandsOf, faultOf, fileLinksOf } from './markdown.ts'
import { exists, filesUnder, textOf } from './tree.ts'

const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'blocklists/README.md'].filter(exists),
  ...filesUnder('docs', '.md'),
]

const known: KnownCommands = {
  scripts: Object.keys((JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }).scripts),
  own: [...filesUnder('src', '.ts').filter((path) => /^src\/cli[./]/.test(path))].flatMap((path) =>
    [...textOf(path).matchAll(/\.command\(\s*['"`]([a-z-]+)/g)].map(([, name]) => name as string),
  ),
  exists,
}

describe('the pages', () => {
  test.skipIf(!exists('README.md') || known.own.length === 0)('name only commands that there are', () => {
    const faults = pages.flatMap((page) =>
      commandsOf(textOf(page)).flatMap((command) => {
        const fault = faultOf(command, known)
        return fault === undefined ? [] : [`${page}: ${fault}`]
      }),
    )
    expect(faults).toEqual([])
  })

  test.skipIf(!exists('README.md'))('link only to files that there are', () => {
    const broken = pages.flatMap((page) =>
      fileLinksOf(textOf(page))
        .filter((target) => !exists(posix.join(posix.dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    )
    expect(broken).toEqual([])
  })

  test.skipIf(!exists('README.md'))('the README says how to run and how to test in one command each', () => {
    const commands = commandsOf(textOf('README.md')).map((command) => command.join(' '))
    expect(commands).toEqual(expect.arrayContaining(['npm ci', 'npm start', 'npm test']))
  })
})

describe('the reading of pages', () => {
  const page = `
# Title [a](docs/a.md#part) [b](https://example.org) [c](#here)
\`\`\`sh
$ npm ci && npm start   # comment
sudo CI=true npm run check
askfirst check --config a.yaml | less
# only a comment
\`\`\`
\`\`\`yaml
npm run nothing
\`\`\``

  test('finds the commands of shell blocks', () => {
    expect(commandsOf(page)).toEqual([
      ['npm', 'ci'],
      ['npm', 'start'],
      ['npm', 'run', 'check'],
      ['askfirst', 'check', '--config', 'a.yaml'],
      ['less'],
    ])
  })

  test('finds links to files', () => {
    expect(fileLinksOf(page)).toEqual(['docs/a.md'])
  })

  const some: KnownCommands = {
    scripts: ['start', 'askfirst'],
    own: ['run'],
    exists: (path) => path === 'bench/run.ts',
  }

  test.each([
    'npm ci',
    'npm start',
    'npm run -s start',
    'npm run askfirst -- run',
    'npx askfirst run',
    'askfirst --help',
    'node bench/run.ts',
    'dig x',
  ])('%s can work', (command) => {
    expect(faultOf(command.split(' '), some)).toBeUndefined()
  })

  test.each([
    'npm test',
    'npm run x',
    'npm run askfirst -- x',
    'npx askfirst x',
    'askfirst x --y',
    'node src/cli.ts x',
    'node bench/x.ts',
  ])('%s cannot work', (command) => {
    expect(faultOf(command.split(' '), some)).toContain(command)
  })
})
