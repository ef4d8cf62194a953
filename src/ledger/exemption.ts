// Connections that the configuration keeps from being judged, each with its reason. Knows no evidence.
import { addressBytes, inPrefixes, type Mac, type Prefix, parseMac } from '../base/address.ts'
import type { DeviceId } from './device.ts'
import type { Report } from './report.ts'

/** One exemption as it is configured; what is left out matches anything. */
export interface Exemption {
  readonly to?: readonly Prefix[] | undefined
  readonly from?: readonly Prefix[] | undefined
  readonly mac?: readonly string[] | undefined
  readonly protocol?: 'tcp' | 'udp' | undefined
  readonly port?: number | undefined
  readonly because: string
}

/** Finds the exemption that a report falls under. */
export type Exemptions = (
  report: Report,
  device: DeviceId,
) => { readonly rule: string; readonly because: string } | undefined

/** Compiles exemptions; the first that matches counts, and is named by its place in the configuration: `exempt[0]`. */
export function exemptions(list: readonly Exemption[]): Exemptions {
  if (list.length === 0) return () => undefined
  const rules = list.map((one, index) => {
    const ids = one.mac && new Set(one.mac.map((mac) => `mac:${parseMac(mac) ?? mac}`))
    const macs =
      one.mac && new Set<Mac | undefined>(one.mac.map((mac) => parseMac(mac)).filter((mac) => mac !== undefined))
    const matches = (report: Report, device: DeviceId): boolean =>
      (one.protocol === undefined || one.protocol === report.proto) &&
      (one.port === undefined || one.port === report.dport) &&
      (ids === undefined || ids.has(device) || macs?.has(report.mac) === true) &&
      (one.to === undefined || holds(one.to, report.dst)) &&
      (one.from === undefined || holds(one.from, report.src))
    return { matches, rule: `exempt[${index}]`, because: one.because }
  })
  return (report, device) => rules.find((rule) => rule.matches(report, device))
}

function holds(prefixes: readonly Prefix[], address: string): boolean {
  const bytes = addressBytes(address)
  return bytes !== undefined && inPrefixes(prefixes, bytes)
}
