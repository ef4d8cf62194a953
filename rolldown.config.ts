// How dist/ is made of src/: a few files in the place of some hundred, libraries included, so that a start finds and compiles
// less (docs/decisions/0011-start.md).
import { relative } from 'node:path'
import { defineConfig, type Plugin } from 'rolldown'

const SRC = new URL('src/', import.meta.url).pathname

/** Modules find other files by their own place. Bundled, all stand at the top of dist/: here each has its old place again. */
const ownPlaces: Plugin = {
  name: 'own-places',
  transform: (code, id) =>
    id.startsWith(SRC)
      ? code.replaceAll('import.meta.url', `new URL('./${relative(SRC, id)}', import.meta.url).href`)
      : undefined,
  generateBundle(_, bundle) {
    for (const { fileName, type, ...part } of Object.values(bundle)) {
      if (fileName.includes('/') && type === 'chunk' && 'code' in part && part.code.includes('import.meta.url')) {
        throw new Error(`${fileName} looks for files, but does not stand at the top of dist/`)
      }
    }
  },
}

/** V8 keeps a file that is ASCII in a byte a character, and in two where a single character is not: each is written as its escape. */
const ascii: Plugin = {
  name: 'ascii',
  generateBundle(_, bundle) {
    for (const part of Object.values(bundle)) {
      if (part.type === 'chunk') part.code = part.code.replace(/[^\0-\x7f]/g, escaped)
    }
  },
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

export default defineConfig({
  input: {
    cli: 'src/cli.ts',
    'resolver-thread': 'src/resolver-thread.ts',
    'lists/compile-worker': 'src/lists/compile-worker.ts',
    'lists/survey-worker': 'src/lists/survey-worker.ts',
    'lists/download/judge-worker': 'src/lists/download/judge-worker.ts',
  },
  platform: 'node',
  // koffi's binary stands beside it; the others are never asked for (src/control/api.ts).
  external: ['koffi', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
  plugins: [ownPlaces, ascii],
  output: {
    dir: 'dist',
    chunkFileNames: '[name].js',
    cleanDir: true,
    comments: { legal: true, jsdoc: false, annotation: false },
  },
})
