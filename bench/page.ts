// docs/benchmarks.md: an introduction by hand, and below a line the report of the latest whole run.
import { renderReport } from './report.ts'
import type { Results } from './results.ts'

/** What is above this line is written by hand and stays. */
export const MARK = '<!-- What follows is written by "npm run bench"; docs/benchmarks.json has the same and more. -->'

/** The page with these results; the introduction is taken from the page as it was. Throws where it has none. */
export function renderPage(results: Results, before: string): string {
  const end = before.indexOf(MARK)
  if (end < 0) throw new Error(`docs/benchmarks.md has lost its line ${MARK}`)
  return `${before.slice(0, end)}${MARK}\n\n${renderReport(results)}`
}
