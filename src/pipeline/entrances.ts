// Who may ask at single addresses of this machine, where that is not what the door's own list says. Knows no socket.
import { addressBytes, type Endpoint, type Prefix } from '../base/address.ts'
import type { Live } from '../base/live.ts'
import type { Admission, Clients } from './clients.ts'

/** One such address, at one port or at every port. */
export interface AccessRule {
  readonly address: string
  /** 0: every port. */
  readonly port: number
  readonly allowFrom: readonly Prefix[]
}

/** Makes the clients of an entrance; they share their budgets with all others. */
export type MakeClients = (admission: Admission) => Clients

/** The clients of every address: where no rule is, those of all. */
export class Entrances {
  readonly #main: Clients
  readonly #make: MakeClients
  #rules: readonly { readonly rule: AccessRule; readonly bytes: string; readonly clients: Clients }[] = []
  /** Grows with each change of the rules. */
  #version = 0

  constructor(main: Clients, make: MakeClients) {
    this.#main = main
    this.#make = make
  }

  /** Other rules from now on; everybody is looked at again. */
  use(rules: readonly AccessRule[], proxies: readonly Prefix[]): void {
    this.#rules = rules.map((rule) => {
      const { allowFrom } = rule
      const clients = this.#make({ plain: allowFrom, tls: allowFrom, https: allowFrom, proxies })
      return { rule, bytes: keyOf(rule.address), clients }
    })
    this.#version++
  }

  /** Groups or devices have changed. */
  regroup(): void {
    this.#main.regroup()
    for (const { clients } of this.#rules) clients.regroup()
  }

  get size(): number {
    return this.#rules.reduce((sum, { clients }) => sum + clients.size, this.#main.size)
  }

  /** Those who come in at an address and port of ours, now and after each change. The first rule that fits decides. */
  at({ address, port }: Endpoint): Live<Clients> {
    const bytes = keyOf(address)
    const fits = (rule: { readonly rule: AccessRule; readonly bytes: string }): boolean =>
      rule.bytes === bytes && (rule.rule.port === 0 || rule.rule.port === port)
    let seen = -1
    let clients = this.#main
    const current = (): Clients => {
      if (seen !== this.#version) {
        seen = this.#version
        clients = this.#rules.find(fits)?.clients ?? this.#main
      }
      return clients
    }
    return {
      get current() {
        return current()
      },
    }
  }
}

/** The address, however it is written. */
const keyOf = (address: string): string => String(addressBytes(address))
