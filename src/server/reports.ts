// Opens the sources of firewall reports that the configuration names. Knows sockets and files; judges nothing.

import type { Readable } from 'node:stream'
import type { Problem } from '../base/failure.ts'
import type { Config } from '../config/schema.ts'
import type { Intake } from '../intake/intake.ts'
import { followFile } from '../intake/sources/follow-file.ts'
import type { Listener } from '../intake/sources/listener.ts'
import { readLines, STDIN } from '../intake/sources/stdin.ts'
import { listenSyslogTcp } from '../intake/sources/syslog-tcp.ts'
import { listenSyslogUdp } from '../intake/sources/syslog-udp.ts'

/** The open sources. */
export interface Reports {
  /** `syslog/udp 0.0.0.0:5514`, a path, `stdin`: for people. */
  readonly open: readonly ReportSource[]
  /** What could not be opened; the rest works. */
  readonly problems: readonly Problem[]
  readonly close: () => Promise<void>
}

/** One open source. */
export interface ReportSource {
  readonly kind: 'udp' | 'tcp' | 'file' | 'stdin'
  readonly where: string
}

/** Opens them all. */
export async function openReports(
  reports: Config['reports'],
  intake: Intake,
  stdin: Readable | undefined,
): Promise<Reports> {
  const { syslog, files } = reports
  const open: ReportSource[] = []
  const problems: Problem[] = []
  const closing: (() => Promise<void>)[] = []
  const listen = { udp: listenSyslogUdp, tcp: listenSyslogTcp }
  for (const kind of ['udp', 'tcp'] as const) {
    for (const endpoint of syslog[kind]) {
      const listener: Listener | Problem = await listen[kind]({ intake, endpoint, allowFrom: syslog.allowFrom })
      if ('code' in listener) problems.push(listener)
      else {
        open.push({ kind, where: String(listener.endpoint.port) })
        closing.push(listener.close)
      }
    }
  }
  for (const path of files) {
    const follower = await followFile({ intake, path })
    open.push({ kind: 'file', where: path })
    closing.push(follower.close)
  }
  if (stdin !== undefined) {
    void readLines(stdin, intake, STDIN)
    open.push({ kind: 'stdin', where: 'standard input' })
    closing.push(async () => void stdin.destroy())
  }
  return { open, problems, close: async () => void (await Promise.all(closing.map((close) => close()))) }
}
