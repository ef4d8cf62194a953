// A stream of lines, such as standard input with `conntrack -E` piped into it. Knows streams only.
import type { Readable } from 'node:stream'
import type { Intake } from '../intake.ts'
import { LineSplitter } from '../lines.ts'

/** The source's name for standard input. */
export const STDIN = 'stdin'

/** Reads a stream to its end; resolves there, or when it fails or is destroyed. The failure is noted in the health. */
export function readLines(stream: Readable, intake: Intake, source: string): Promise<void> {
  const splitter = new LineSplitter(intake.sink(source))
  stream.on('data', (chunk: Buffer | string) => splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
  stream.on('error', (error) => {
    intake.note(source, { code: 'ASKFIRST_E_REPORTS', message: `${source}: ${error.message}` })
  })
  return new Promise((resolve) => {
    const finish = (): void => {
      splitter.end()
      resolve()
    }
    stream.once('end', finish)
    stream.once('close', finish)
  })
}
