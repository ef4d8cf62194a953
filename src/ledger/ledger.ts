// The one memory of who was given what, and the judging of reports against it. Knows no clock, file or socket.
// Long because it is the ledger's whole face: what comes in, what is judged, what is told, what is stored.
import { type Address, type Mac, PRIVATE_RANGES, type Prefix } from '../base/address.ts'
import { type EpochMs, HOUR, MINUTE } from '../base/clock.ts'
import type { Name } from '../base/name.ts'
import type { TransportKind } from '../base/question.ts'
import { Recent } from '../base/recent.ts'
import type { HandOut } from '../base/reply.ts'
import { LEDGER } from './bounds.ts'
import { type Binding, type BindingSource, type DeviceId, type DeviceView, ownDevice } from './device.ts'
import { DeviceTable } from './device-table.ts'
import { Docket } from './docket.ts'
import { Evidence, type Explained, type HandOutRecord } from './evidence.ts'
import { type Exemption, exemptions } from './exemption.ts'
import { Findings } from './findings.ts'
import { type Case, type Facts, judge } from './judge.ts'
import { reached } from './nat64.ts'
import { mayBePeer, Peers } from './peers.ts'
import type { Report } from './report.ts'
import { type Began, SourceClocks, stamped } from './source-clock.ts'
import type { StateRecord } from './state.ts'
import type { Finding, Judgement, VerdictKind } from './verdict.ts'
import { type Whereabouts, whereaboutsIn } from './whereabouts.ts'

/** How the ledger judges. Times in milliseconds; defaults and bounds in `LEDGER`. */
export interface LedgerOptions {
  /** When this ledger began to watch; a stored birth wins. */
  readonly born: EpochMs
  readonly window: number
  readonly holdBack: number
  readonly slack: number
  readonly learning: number
  readonly deviceLearning: number
  readonly inside: readonly Prefix[]
  /** Addresses of this machine. */
  readonly self: readonly Address[]
  /** Resolvers outside whose answers are taken too, as in an audit: plain DNS to them goes round nobody. */
  readonly resolvers?: readonly Address[]
  /** Addresses that blocked names are answered with; never evidence. */
  readonly sinkhole: readonly Address[]
  readonly exempt: readonly Exemption[]
  /** Names of devices by MAC, as configured. */
  readonly names: ReadonlyMap<Mac, string>
  /**
   * Whether evidence that explains nothing any more is forgotten as time goes by. An audit reads all answers before
   * the first connection, so there it is not.
   */
  readonly forget?: boolean
  /** Bounds, for tests and the audit; see `LEDGER`. */
  readonly limits: Partial<Record<Limit, number>>
}

type Limit =
  | 'perDevice'
  | 'inAll'
  | 'ofStrangers'
  | 'names'
  | 'times'
  | 'devices'
  | 'addresses'
  | 'strangers'
  | 'docket'
  | 'findings'

/** One answer that was served. */
export interface ServedAnswer {
  readonly time: EpochMs
  readonly client: Address
  /** How it was asked for: over UDP the client's address may be forged. Left out: in a log, which is believed. */
  readonly transport?: TransportKind
  readonly name: Name
  readonly handOuts: readonly HandOut[]
}

/** The ledger in figures. */
export interface LedgerStats {
  readonly born: EpochMs
  /** Judgements since the start, by verdict. */
  readonly verdicts: Readonly<Record<VerdictKind, number>>
  /** Reports that wait, and that were refused because too many waited. */
  readonly docket: { readonly waiting: number; readonly refused: number }
  readonly evidence: { readonly handOuts: number; readonly devices: number; readonly dropped: number }
  /** Of the addresses, `strangers` are those that only their own UDP questions speak for; so many were `forgotten`. */
  readonly devices: {
    readonly addresses: number
    readonly strangers: number
    readonly forgotten: number
    readonly macs: number
  }
  readonly findings: number
  /** Until when unexplained connections are `unproven` because answers were lost; 0 for not. */
  readonly lostUntil: EpochMs
}

/** What is known of one device and one address. */
export interface Known {
  readonly device: DeviceId
  readonly explained: Explained
  /** The device's own hand-outs of the address. */
  readonly own: readonly HandOutRecord[]
  /** Other devices' hand-outs of it, at most 32. */
  readonly others: readonly HandOutRecord[]
}

/** After another resolver was used, unexplained connections are probably its consequences for this long. */
const BYPASS_COUNTS = HOUR
/** How often evidence is looked through for what has expired. */
const FORGET_EVERY = MINUTE
/** Most records that one explanation lists. */
const LISTED = 32

/** Evidence, devices, waiting reports and findings together. Bounded in each part; the parts state their bounds. */
export class Ledger {
  #options: LedgerOptions
  readonly #devices: DeviceTable
  readonly #evidence: Evidence
  readonly #findings: Findings
  readonly #docket: Docket<Case>
  readonly #peers = new Peers()
  readonly #clocks = new SourceClocks()
  /** When each device last used another resolver. Bounded like the devices. */
  readonly #bypassed = new Recent<DeviceId, EpochMs>(LEDGER.devices.max)
  #whereabouts: (address: Address) => Whereabouts
  #facts: Facts
  #sinkhole: ReadonlySet<Address>
  readonly #verdicts: Record<VerdictKind, number> = { ...NO_VERDICTS }
  #born: EpochMs
  /** Evidence may be missing from the first to the second of these, and for an hour after. */
  #lostFrom: EpochMs = Number.NEGATIVE_INFINITY
  #lostAt: EpochMs = Number.NEGATIVE_INFINITY
  #forgotAt: EpochMs = Number.NEGATIVE_INFINITY
  #store: (record: StateRecord) => void = () => {}

  constructor(options: Partial<LedgerOptions> & Pick<LedgerOptions, 'born'>) {
    this.#options = {
      window: LEDGER.window.default,
      holdBack: LEDGER.holdBack.default,
      slack: LEDGER.slack.default,
      learning: LEDGER.learning.default,
      deviceLearning: LEDGER.deviceLearning.default,
      inside: PRIVATE_RANGES,
      self: [],
      sinkhole: [],
      exempt: [],
      names: new Map(),
      limits: {},
      ...options,
    }
    const { limits, window } = this.#options
    this.#born = options.born
    this.#devices = new DeviceTable({
      ...limits,
      record: (address) => this.#store({ kind: 'address', address }),
      settled: (device) => this.#settle(device),
      forgotten: (device) => this.#evidence.forget(device),
    })
    this.#evidence = new Evidence({
      ...limits,
      window,
      record: (handOut) => {
        if (this.#devices.tells(handOut.device)) this.#store({ kind: 'hand-out', handOut })
      },
      isStranger: (device) => this.#devices.isStranger(device),
      crowded: (device) => this.#devices.forget(device),
    })
    this.#findings = new Findings({
      limit: limits.findings ?? LEDGER.findings.default,
      store: (finding) => this.#store({ kind: 'finding', finding }),
    })
    this.#docket = new Docket(this.#options.holdBack, limits.docket ?? LEDGER.docket.default)
    this.#sinkhole = new Set(this.#options.sinkhole)
    this.#whereabouts = whereaboutsIn(this.#options.inside)
    this.#facts = this.#makeFacts()
    this.#devices.configure(this.#options.names)
  }

  /** Takes new options while it runs; what is known stays. Its birth and its bounds cannot change. */
  configure(options: Partial<Omit<LedgerOptions, 'born' | 'limits'>>): void {
    this.#options = { ...this.#options, ...options }
    this.#evidence.window = this.#options.window
    this.#docket.holdBack = this.#options.holdBack
    this.#sinkhole = new Set(this.#options.sinkhole)
    this.#whereabouts = whereaboutsIn(this.#options.inside)
    this.#facts = this.#makeFacts()
    this.#devices.configure(this.#options.names)
  }

  /** Takes an answer that was served, also one that handed out nothing: it shows that the client asks us. Says who did. */
  take({ time, client, transport, name, handOuts }: ServedAnswer): DeviceId {
    if (this.#options.forget !== false && time - this.#forgotAt > FORGET_EVERY) {
      this.#forgotAt = time
      this.#evidence.expire(time)
    }
    const device = this.#devices.see(client, time, true, transport === 'udp')
    const count = Math.min(handOuts.length, LEDGER.perAnswer.default)
    for (let i = 0; i < count; i++) {
      const { address, ttl } = handOuts[i] as HandOut
      if (!this.#sinkhole.has(address)) this.#evidence.handOut(device, name, address, ttl, time)
    }
    return device
  }

  /** Takes a report that arrived at a time; it is judged one hold-back later. False where too many wait already. */
  submit(report: Report, arrival: EpochMs): boolean {
    return this.#docket.submit(this.#open(report, this.#clocks.place(report, arrival)), arrival)
  }

  /** The same for a log of the past: its stamps are right, and the hold-back counts in event time. */
  submitPast(report: Report): boolean {
    return this.#docket.submit(this.#open(report, stamped(report)), report.time)
  }

  /** Judges what has waited long enough, in order of arrival. */
  judgeDue(now: EpochMs): Judgement[] {
    return this.#docket.due(now).map((one) => this.#judge(one))
  }

  /** Judges a report at once, by the evidence that there is: for event time, where no answer can still come. */
  judgeNow(report: Report): Judgement {
    return this.#judge(this.#open(report, stamped(report)))
  }

  /** Learns from a report whose address is whose, without judging it: for logs that are read twice. */
  meet(report: Report): void {
    const dst = reached(report.dst)
    this.#meet(report, report.time, this.#whereabouts(report.src), dst, this.#whereabouts(dst))
  }

  /** Notes that an address belongs to a MAC; evidence moves with it. */
  bind(address: Address, mac: Mac, at: EpochMs, source: BindingSource): void {
    this.#move(this.#devices.bind(address, mac, at, source))
  }

  /**
   * Takes an entry of the neighbour table. A router has neighbours on its other side too, so an address counts only if
   * it lies inside, or is a further IPv6 address of a device that is known to be there.
   */
  neighbour(address: Address, mac: Mac, at: EpochMs, fresh: boolean): void {
    const { inside, scope } = this.#whereabouts(address)
    const further = address.includes(':') && this.#devices.knowsMac(mac)
    // What the kernel only remembers is a word, not a sight: it does not displace who was seen lately.
    if ((inside && scope !== 'link-local') || further) this.bind(address, mac, at, fresh ? 'neighbours' : 'lease')
  }

  /** Takes a host name that the DHCP server knows. */
  nameDevice(of: { readonly mac?: Mac | undefined; readonly address: Address }, name: string, at: EpochMs): void {
    this.#devices.name(of, name, at)
  }

  /** Notes that answers may be missing: what is unexplained in the hour after it is `unproven`. */
  lost(at: EpochMs): void {
    const since = at - this.#lostAt
    if (since <= 0) return
    if (since > LEDGER.lostFor.default) this.#lostFrom = at
    this.#lostAt = at
    if (since >= LEDGER.renewalEvery.default) this.#store({ kind: 'lost', at })
  }

  /** What is known of a device (by id or by one of its addresses) and an address at a time. */
  explain(who: DeviceId | Address, dst: Address, at: EpochMs): Known {
    const device = isId(who) ? who : this.#devices.of(who, at)
    const also = isId(who) ? undefined : this.#devices.formerly(who, at)
    const known = [...this.#evidence.ofAddress(dst, 2 * LISTED)]
    const isOwn = ({ device: of }: HandOutRecord): boolean => of === device || of === also
    return {
      device,
      explained: this.#explain(device, also, reached(dst), at, at),
      own: known.filter(isOwn),
      others: known.filter((one) => !isOwn(one)).slice(0, LISTED),
    }
  }

  /** The addresses that a device was given for a name, latest last; at most 32. */
  handedOut(who: DeviceId | Address, name: Name): readonly HandOutRecord[] {
    const device = isId(who) ? who : this.#devices.of(who)
    return Array.from(this.#evidence.ofDevice(device))
      .filter((one) => one.name === name)
      .slice(-LISTED)
  }

  /** The device that has an address. */
  deviceOf(address: Address): DeviceId {
    return this.#devices.of(address)
  }

  /** The device's name, configured or from a lease. Hostile text, escape before showing. */
  nameOf(device: DeviceId): string | undefined {
    return this.#devices.nameOf(device)
  }

  /** All devices. */
  devices(): DeviceView[] {
    return [...this.#devices.views()]
  }

  /** All findings, the most recently counted first. */
  findings(): Finding[] {
    return this.#findings.list()
  }

  /** The ledger in figures. */
  stats(): LedgerStats {
    return {
      born: this.#born,
      verdicts: { ...this.#verdicts },
      docket: { waiting: this.#docket.size, refused: this.#docket.refused },
      evidence: this.#evidence.size,
      devices: this.#devices.size,
      findings: this.#findings.size,
      lostUntil: Math.max(0, this.#lostAt + LEDGER.lostFor.default),
    }
  }

  /** Hands every change that must outlive a restart to `store`, from now on. */
  storeWith(store: (record: StateRecord) => void): void {
    this.#store = store
  }

  /** Everything that must outlive a restart. Addresses come first: what they are decides whose the evidence is. */
  *records(): Iterable<StateRecord> {
    yield { kind: 'birth', at: this.#born }
    if (Number.isFinite(this.#lostAt)) yield { kind: 'lost', at: this.#lostAt }
    for (const address of this.#devices.records()) yield { kind: 'address', address }
    for (const handOut of this.#evidence.records()) yield { kind: 'hand-out', handOut }
    for (const finding of this.#findings.list().reverse()) yield { kind: 'finding', finding }
  }

  /** Takes one stored record back. */
  restore(record: StateRecord): void {
    switch (record.kind) {
      case 'birth':
        this.#born = record.at
        return
      case 'lost':
        this.lost(record.at)
        return
      case 'address':
        this.#move(this.#devices.restore(record.address))
        return
      case 'hand-out':
        this.#evidence.restore(record.handOut)
        return
      case 'finding':
        this.#findings.restore(record.finding)
    }
  }

  /** Brings a report to our clock, and learns from it whose address is whose. */
  #open(report: Report, { time, end }: Began): Case {
    const dst = reached(report.dst)
    const srcWhereabouts = this.#whereabouts(report.src)
    const dstWhereabouts = this.#whereabouts(dst)
    this.#meet(report, time, srcWhereabouts, dst, dstWhereabouts)
    const device = this.#devices.of(report.src, time)
    if (mayBePeer(report)) this.#peers.note(device, dst, time)
    return { report, device, dst, srcWhereabouts, dstWhereabouts, time, end: end + this.#options.slack }
  }

  /**
   * A MAC counts for a source that is inside, and for a global IPv6 source where a device of ours has it. Never for
   * what comes from outside, which carries the MAC of the provider's router: that goes to an address inside.
   */
  #meet({ src, mac }: Report, time: EpochMs, from: Whereabouts, dst: Address, to: Whereabouts): void {
    const known = from.inside || this.#devices.knows(src)
    const bindable = mac !== undefined && (known || (src.includes(':') && this.#devices.knowsMac(mac)))
    if (bindable && !to.inside && !this.#devices.knows(dst)) this.bind(src, mac, time, 'report')
    else if (known) this.#devices.see(src, time)
  }

  #judge(opened: Case): Judgement {
    // Asked again, since a binding may have come while the report waited.
    const device = this.#devices.of(opened.report.src, opened.time)
    const one = device === opened.device ? opened : { ...opened, device }
    const { verdict, reason } = judge(one, this.#facts)
    this.#verdicts[verdict.kind]++
    if (verdict.kind === 'asked') {
      this.#evidence.use(device, one.dst, one.end)
      const also = this.#devices.formerly(one.report.src, one.time)
      if (also !== undefined) this.#evidence.use(also, one.dst, one.end)
    } else if (verdict.kind === 'dns-bypass') this.#noteBypass(device, one.time)
    const { report } = one
    return { report, device, verdict, reason, finding: this.#findings.take({ report, device, verdict, reason }) }
  }

  #explain(device: DeviceId, also: DeviceId | undefined, dst: Address, time: EpochMs, end: EpochMs): Explained {
    const own = this.#evidence.explain(device, dst, time, end)
    if (also === undefined || own.kind === 'asked') return own
    const former = this.#evidence.explain(also, dst, time, end)
    return former.kind === 'nothing' || (own.kind === 'stale' && former.kind === 'stale') ? own : former
  }

  #makeFacts(): Facts {
    const self = new Set(this.#options.self)
    const resolvers = new Set(this.#options.resolvers)
    const configured = exemptions(this.#options.exempt)
    return {
      isOurs: (address) => self.has(address) || this.#devices.knows(address),
      isSelf: (address) => self.has(address),
      isResolver: (address) => resolvers.has(address),
      asks: (address) => this.#devices.asks(address),
      exemption: ({ report, device }) => configured(report, device),
      explain: ({ report, device, dst, time, end }) =>
        this.#explain(device, this.#devices.formerly(report.src, time), dst, time, end),
      borrowed: ({ report, device, dst, time, end }) => {
        const also = this.#devices.formerly(report.src, time)
        return this.#evidence.borrowed(dst, time, end, (other) => other === device || other === also)
      },
      unproven: (one) => this.#unproven(one),
      sinceBypass: ({ device, time }) => {
        const since = time - (this.#bypassed.get(device) ?? Number.NEGATIVE_INFINITY)
        return since >= 0 && since <= BYPASS_COUNTS ? since : undefined
      },
      manyPeers: ({ device, time }) => this.#peers.many(device, time),
    }
  }

  #unproven({ device, time }: Case): 'learning' | 'device-learning' | 'evidence-lost' | undefined {
    const { learning, deviceLearning } = this.#options
    if (learning > 0 && time < this.#born + learning) return 'learning'
    const first = this.#devices.firstSeen(device) ?? time
    if (deviceLearning > 0 && time < first + deviceLearning) return 'device-learning'
    const lost = time >= this.#lostFrom && time < this.#lostAt + LEDGER.lostFor.default
    const missing = Math.max(this.#evidence.missingUntil(device), this.#devices.missingUntil(device))
    return lost || time < missing ? 'evidence-lost' : undefined
  }

  /** The device is no stranger any more: its evidence stays, and outlives a restart. */
  #settle(device: DeviceId): void {
    this.#evidence.settle(device)
    // Before the first stranger was forgotten all was told at once.
    if (this.#devices.size.forgotten === 0) return
    for (const handOut of this.#evidence.ofDevice(device)) this.#store({ kind: 'hand-out', handOut })
  }

  #move(binding: Binding): void {
    if (binding.kind === 'joined') this.#evidence.merge(binding.from, binding.to)
    else if (binding.kind === 'moved') this.#evidence.share(binding.from, binding.to, binding.since)
  }

  #noteBypass(device: DeviceId, at: EpochMs): void {
    this.#bypassed.set(device, Math.max(at, this.#bypassed.get(device) ?? at))
  }
}

const NO_VERDICTS: Readonly<Record<VerdictKind, number>> = {
  asked: 0,
  stale: 0,
  borrowed: 0,
  'direct-ip': 0,
  'dns-bypass': 0,
  exempt: 0,
  unproven: 0,
}

const isId = (who: string): boolean => who.startsWith('mac:') || who.startsWith(ownDevice(''))
