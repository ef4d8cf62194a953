// The order of the pipeline, written once, each line with its because. Outermost first.
import { compose, type Next, type Stage } from './stage.ts'

/** The stages that the composition root has made. Where own DNSSEC validation comes, it stands between cache and coalesce. */
export interface Stages {
  readonly guard: Stage
  /** Where something encrypted is served under a name. */
  readonly discovery?: Stage | undefined
  readonly special: Stage
  readonly local: Stage
  readonly sinkhole: Stage
  /** Left out where it is off, as are `dns64` and `rebinding`: a feature that is off costs nothing. */
  readonly safeSearch?: Stage | undefined
  readonly dns64?: Stage | undefined
  readonly inspect: Stage
  /** None where nothing of a client's address goes upstream. */
  readonly clientSubnet: Stage | undefined
  /** None where no group has upstreams of its own. */
  readonly route?: Stage | undefined
  readonly rebinding?: Stage | undefined
  readonly cache: Stage
  readonly coalesce: Stage
  readonly upstream: Next
}

/** Puts the stages in order. */
export const order = (stages: Stages): Next =>
  compose(
    [
      stages.guard, //     first: nothing below should see what is not a question for a forwarder
      ...off(stages.discovery), // before special, whose zone resolver.arpa it stands in
      stages.special, //   before any list: localhost and its kin mean what the RFCs say, whatever a list has
      stages.local, //     before any list: what the house says of its own names, no list takes back
      stages.sinkhole, //  before the cache: a name blocked just now must not be answered from it
      ...off(stages.safeSearch), // behind the lists: what is blocked stays so
      ...off(stages.dns64), // outside inspect: what its addresses are made of has been looked at
      stages.inspect, //   outside the cache: what is kept is what upstream said, each policy judges it afresh
      ...off(stages.clientSubnet), // before the cache: it is part of its key
      ...off(stages.route), // before the cache, for the same reason
      ...off(stages.rebinding), // outside the cache, too: an exception counts at once
      stages.cache, //     outside coalesce: a hit must not even look at the flights
      stages.coalesce, //  innermost but one: only what really leaves the house is joined
    ],
    stages.upstream, //    the only stage that leaves the house
  )

const off = (stage: Stage | undefined): readonly Stage[] => (stage === undefined ? [] : [stage])
