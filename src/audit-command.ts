// `askfirst audit` on the command line: its options. Knows no log.
import type { Command } from 'commander'

/** Adds options and action to the command. The exit code is 1 where the logs cannot be read, 0 whatever was found. */
export function auditCommand(command: Command): void {
  command
    .description('judge the connections of a firewall log by a DNS log: who connected without asking?')
    .requiredOption('--dns <log...>', 'query log of dnsmasq, dns.log of Zeek, or JSON lines; plain or gzip')
    .requiredOption('--firewall <log...>', 'netfilter log, output of conntrack -E, or conn.log of Zeek; plain or gzip')
    .option('--time-zone <name>', 'zone of stamps that name none, such as Europe/Berlin', 'local')
    .option('--inside <range...>', 'ranges that are inside; the private ones if left out')
    .option('--window <time>', 'how long an answer explains connections', '24h')
    .option('--learning <time>', 'call nothing direct-ip for this long from the first answer on', '0s')
    .option('--slack <time>', 'clocks of the two logs may differ by this much', '0s')
    .option('--resolver <address...>', 'the resolvers meant to be used; all that the DNS log names if left out')
    .option('--json', 'one line of JSON for each connection')
    .action(async (options: Record<string, unknown>) => {
      const { runAudit } = await import('./audit.ts')
      process.exitCode = await runAudit(options, { out: process.stdout, err: process.stderr })
    })
}
