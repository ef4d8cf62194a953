// "askfirst cert" on the command line: options in, lines out. Knows no certificate.
import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Address, addressBytes, parseAddress, scopeOf } from './base/address.ts'
import { problemText } from './base/failure.ts'
import { systemClock } from './system-clock.ts'

interface CertOptions {
  readonly name: readonly string[]
  readonly address?: readonly string[]
  readonly out: string
  readonly force?: boolean
  readonly renew?: boolean
}

/** Adds the command's options and action. */
export function certCommand(command: Command): void {
  command
    .description('make a certificate authority for this house and a certificate from it, for DNS over TLS and HTTPS')
    .option('--name <name...>', 'what devices call this server', ['dns.home.arpa'])
    .option('--address <ip...>', "this server's addresses; those of this machine if left out")
    .option('--out <folder>', 'where the files go', 'tls')
    .option('--renew', 'a new certificate from the same authority, for the same names')
    .option('--force', 'overwrite what is there')
    .action(async ({ name, address, out, force, renew }: CertOptions) => {
      // Loaded here: 100 ms that no other command should wait for.
      const { makeCertificates } = await import('./certificates/command.ts')
      const made = await makeCertificates(
        {
          folder: resolve(out),
          names: name,
          addresses: address ?? ownAddresses(),
          force: force === true,
          renew: renew === true,
        },
        systemClock.now(),
      )
      if ('code' in made) {
        process.stderr.write(`${problemText(made)}\n`)
        process.exitCode = 1
      } else process.stdout.write(`${made.join('\n')}\n`)
    })
}

/** Addresses of this machine that devices can reach it at, for longer than a day. */
const ownAddresses = (): Address[] =>
  Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).flatMap(({ address }) => {
      const own = parseAddress(address)
      const scope = own && scopeOf(addressBytes(own) as Uint8Array)
      return own !== undefined && (scope === 'private' || (scope === 'global' && !own.includes(':'))) ? [own] : []
    }),
  )
