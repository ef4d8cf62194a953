// Who may ask at single addresses of this machine, where that is not what the door's own list says, and who is in another
// group there. Knows no socket.
import { addressBytes, type Endpoint, endpointText, type Prefix, parseAddress } from '../base/address.ts'
import type { Live } from '../base/live.ts'
import { isListener } from '../policy/group.ts'
import type { Admission, Clients } from './clients.ts'

/** One such address, at one port or at every port. */
export interface AccessRule {
  readonly address: string
  /** 0: every port. */
  readonly port: number
  readonly allowFrom: readonly Prefix[]
}

/** Makes the clients of an entrance; they share their budgets with all others. `listener`: where they ask, if it counts. */
export type MakeClients = (admission: Admission, listener?: string) => Clients

/** The clients of every address: where no rule is, those of all. */
export class Entrances {
  readonly #main: Clients
  readonly #make: MakeClients
  #rules: readonly { readonly rule: AccessRule; readonly bytes: string; readonly clients: Clients }[] = []
  /** Listeners that groups name, as they do; and those who ask there. */
  #named: readonly string[] = []
  readonly #there = new Map<string, Clients>()
  /** Grows with each change of the rules, and of those listeners. */
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
    this.#there.clear()
    this.#version++
  }

  /** Groups or devices have changed; `named` are the listeners at which it counts that somebody asks there. */
  regroup(named: readonly string[] = []): void {
    if (named.join() !== this.#named.join()) {
      this.#named = named
      this.#there.clear()
      this.#version++
    }
    for (const clients of this.#all) clients.regroup()
  }

  get size(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0)
  }

  get #all(): readonly Clients[] {
    return [this.#main, ...this.#rules.map(({ clients }) => clients), ...this.#there.values()]
  }

  /** Those who come in at an address and port of ours, now and after each change. The first rule that fits decides. */
  at({ address, port }: Endpoint): Live<Clients> {
    const bytes = keyOf(address)
    const fits = (rule: { readonly rule: AccessRule; readonly bytes: string }): boolean =>
      rule.bytes === bytes && (rule.rule.port === 0 || rule.rule.port === port)
    const listener = endpointText({ address: parseAddress(address) ?? address, port })
    let seen = -1
    let clients = this.#main
    const current = (): Clients => {
      if (seen !== this.#version) {
        seen = this.#version
        clients = this.#toldApart(listener, this.#rules.find(fits)?.clients ?? this.#main)
      }
      return clients
    }
    return {
      get current() {
        return current()
      },
    }
  }

  /** Those who ask at a listener that some group names; where none does, just those who may ask there. */
  #toldApart(listener: string, clients: Clients): Clients {
    if (!this.#named.some((named) => isListener(named, listener))) return clients
    const there = this.#there.get(listener) ?? this.#make(clients.admission, listener)
    this.#there.set(listener, there)
    return there
  }
}

/** The address, however it is written. */
const keyOf = (address: string): string => String(addressBytes(address))
