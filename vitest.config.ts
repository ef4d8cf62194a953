// Three projects: `unit` is what `npm run check` runs, in well under a minute; `contract` adds real sockets on loopback,
// mutated packets and whole published lists; `system` starts real servers, namespaces and peers, and wants root.
import { defineConfig } from 'vitest/config'

/** Whole lists, published and hostile: seconds each. */
const LONG = ['test/unit/lists/{published,hostile,saved-policy}.test.ts', 'test/unit/server/certificate-keeper.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,scenario,conventions}/**/*.test.ts'],
          exclude: LONG,
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
