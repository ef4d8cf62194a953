import { describe, expect, test } from 'vitest'
import { DOORS, LAYERS, violations } from './import-rules.ts'
import { filesUnder, textOf } from './tree.ts'

const sources = filesUnder('src', '.ts')

describe('every source file', () => {
  test('imports only from lower layers or its own folder, is pure up to layer 4, and takes libraries by their doors', () => {
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.flatMap((path) => violations(path.slice('src/'.length), textOf(path)))).toEqual([])
  })

  test('every package that we depend on has a door, and every door a package', () => {
    const { dependencies, optionalDependencies } = JSON.parse(textOf('package.json')) as Record<string, object>
    expect(Object.keys(DOORS).sort()).toEqual(Object.keys({ ...dependencies, ...optionalDependencies }).sort())
  })
})

test('ARCHITECTURE.md draws the layers that are enforced', () => {
  const rows = [...textOf('ARCHITECTURE.md').matchAll(/^\| (\d) \| ([^|]+) \|/gm)]
  const drawn = rows.flatMap(([, layer, names]) =>
    [...(names as string).matchAll(/`([a-z-]+)\/`/g)].map(([, folder]) => [folder as string, Number(layer)]),
  )
  const folders = Object.entries(LAYERS).filter(([name]) => !name.endsWith('.ts'))
  expect(Object.fromEntries(drawn)).toEqual(Object.fromEntries(folders))
})

describe('the rules see', () => {
  test.each([
    ['base/a.ts', `import { x } from '../wire/b.ts'`, 'layer 0 may not import wire/b.ts of layer 1'],
    ['wire/a.ts', `import { x } from '../policy/b.ts'`, 'layer 1 may not import policy/b.ts of layer 1'],
    ['lists/a.ts', `import type { x } from '../config/b.ts'`, 'layer 6 may not import config/b.ts of layer 6'],
    ['control/a.ts', `export * from '../main.ts'`, 'layer 6 may not import main.ts of layer 9'],
    ['control/a.ts', `import { log } from '../log.ts'`, 'layer 6 may not import log.ts of layer 7'],
    ['threads/a.ts', `import { log } from '../log.ts'`, 'layer 7 may not import log.ts of layer 7'],
    ['log.ts', `import { main } from './main.ts'`, 'layer 7 may not import main.ts of layer 9'],
    ['server/a.ts', `import { main } from '../main.ts'`, 'layer 8 may not import main.ts of layer 9'],
    ['lists/formats/a.ts', `await import('../../intake/b.ts')`, 'layer 6 may not import intake/b.ts of layer 6'],
    [
      'pipeline/stages/a.ts',
      `type X = import('../../upstream/b.ts').X`,
      'layer 4 may not import upstream/b.ts of layer 6',
    ],
    ['lists/a.ts', `import { x } from './b'`, './b does not end in .ts'],
    ['main.ts', `import x from '../package.json'`, '../package.json leaves src'],
    ['stuff/a.ts', '', 'its folder has no layer'],
    ['wire/a.ts', `import { readFileSync } from 'node:fs'`, 'this imports readFileSync from node:fs'],
    ['base/a.ts', `import { connect, isIP } from 'node:net'`, 'this imports connect, isIP from node:net'],
    ['base/a.ts', `import * as net from 'node:net'`, 'this imports all from node:net'],
    ['ledger/a.ts', `import 'node:timers'`, 'this imports all from node:timers'],
    ['ledger/a.ts', `await import(name)`, 'imports something that only shows when it runs'],
    ['lists/a.ts', `import { parse } from 'yaml'`, 'yaml may be imported only by config/document.ts'],
    ['pipeline/a.ts', `import { z } from 'zod'`, 'zod may be imported only by config/, control/'],
    ['wire/a.ts', `import x from '@scope/thing/deep'`, '@scope/thing has no door'],
    ['config/a.ts', `import { readFileSync } from 'fs'`, 'fs has no door'],
    ['policy/a.ts', `const t = Date.now()`, 'this uses Date.now'],
    ['policy/a.ts', `const now = clock ?? Date.now`, 'this uses Date.now'],
    ['policy/a.ts', `const t = new Date()`, 'this uses the present time'],
    ['policy/a.ts', `const t = Date()`, 'this uses the present time'],
    ['journal/a.ts', `const n = Math.random()`, 'this uses Math.random'],
    ['journal/a.ts', `setTimeout(() => {}, 1)`, 'this uses setTimeout'],
    ['journal/a.ts', `console.log(1)`, 'this uses console'],
    ['journal/a.ts', `const x = { process }`, 'this uses process'],
    ['journal/a.ts', `type P = typeof process`, 'this uses process'],
    ['journal/a.ts', `globalThis['process']`, 'this uses globalThis'],
    ['journal/a.ts', `crypto.randomUUID()`, 'this uses crypto'],
    ['pipeline/a.ts', `performance.now()`, 'this uses performance'],
  ])('%s: %s', (file, text, expected) => {
    const found = violations(file, `\n${text}\n`)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(expected)
    if (text !== '') expect(found[0]).toContain(`${file}:2: `)
  })

  test.each([
    ['wire/a.ts', `import { x } from '../base/b.ts'\nimport { y } from './c.ts'`],
    ['pipeline/stages/a.ts', `import type { Stage } from '../stage.ts'`],
    ['server/a.ts', `import { log } from '../log.ts'\nimport { x } from '../threads/messages.ts'`],
    ['cli.ts', `import { serve } from './main.ts'\nimport { Command } from 'commander'`],
    ['main.ts', `import { log } from './log.ts'\nimport { x } from './config/read.ts'`],
    ['base/a.ts', `import { isIPv6 } from 'node:net'`],
    ['lists/a.ts', `import { readFile } from 'node:fs/promises'\nconst t = Date.now() + Math.random()`],
    ['ledger/a.ts', `import { Recent } from '../base/recent.ts'\nconst t = new Date(0)`],
    ['ledger/a.ts', `const x = { process: 1, fetch() {} }\nx.process\ninterface Y { console: string }`],
    ['pipeline/a.ts', `const stage = (fetch: () => number) => fetch()`],
    ['pipeline/a.ts', `// process.exit()\nconst text = 'Date.now()'`],
    ['control/a.ts', `import { z } from 'zod'\nimport x from '@fastify/swagger'`],
  ])('nothing wrong in %s: %s', (file, text) => {
    expect(violations(file, text)).toEqual([])
  })
})
