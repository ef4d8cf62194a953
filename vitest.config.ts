// Three projects: `unit` is what `npm run check` runs, in well under a minute; `contract` adds real sockets on loopback,
// mutated packets and whole published lists; `system` starts real servers, namespaces and peers, and wants root.
import { defineConfig } from 'vitest/config'

/** What takes seconds each: whole lists, mutated files, workers, waiting for the file system. */
const LONG = [
  'test/unit/audit/dns-logs.test.ts',
  'test/unit/config/{parse,watch}.test.ts',
  'test/unit/intake/fuzz.test.ts',
  'test/unit/lists/{hostile,json,load,published,saved-policy,write}.test.ts',
  'test/unit/names/fuzz.test.ts',
  'test/unit/pipeline/{fast-lane,lane-policies}.test.ts',
  'test/unit/policy/{compile,reference}.test.ts',
  'test/unit/server/certificate-keeper.test.ts',
  'test/unit/state/{cache,evidence}-file.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,scenario,conventions}/**/*.test.ts'],
          exclude: LONG,
          // Nothing here changes what another file sees, and loading the modules once saves a third of the time.
          pool: 'threads',
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/{contract,fuzz}/**/*.test.ts', ...LONG],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
