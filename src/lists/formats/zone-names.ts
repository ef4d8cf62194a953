// Names of a zone file: relative ones, absolute ones, and what is left of an owner name without its zone.
import type { Name } from '../../base/name.ts'
import { canonicalName } from '../name-bytes.ts'

/** The names of one zone file. */
export interface ZoneNames {
  /** `$ORIGIN`. */
  readonly setOrigin: (text: string) => void
  /** The SOA record's owner is the zone. */
  readonly setApex: (text: string) => void
  /** An owner name, in lower case, without the zone's own; '' for the zone itself, undefined for one outside of it. */
  readonly trigger: (text: string) => string | undefined
  /** A name in a record's data; undefined where it is none. */
  readonly target: (text: string) => Name | undefined
}

/**
 * Starts a zone. Where a file does not say which zone it is, as published ones do not, names without a dot at the end are
 * relative to it, and those with one are taken as they are.
 */
export function zoneNames(): ZoneNames {
  let origin = ''
  let apex = ''
  const absolute = (text: string): string => {
    const name = text.toLowerCase()
    if (name === '@') return origin
    if (name.endsWith('.')) return name.slice(0, -1)
    return origin === '' ? name : `${name}.${origin}`
  }
  return {
    setOrigin: (text) => {
      origin = absolute(text)
      if (apex === '') apex = origin
    },
    setApex: (text) => {
      if (text !== '') apex = absolute(text)
    },
    trigger: (text) => {
      const name = absolute(text)
      if (name === apex) return ''
      if (apex === '') return name
      return name.endsWith(`.${apex}`) ? name.slice(0, -apex.length - 1) : undefined
    },
    target: (text) => canonicalName(absolute(text)),
  }
}
