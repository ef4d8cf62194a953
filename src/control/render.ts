// Findings and explanations as pages for a terminal. Knows no stream: text in lines comes out, at most `style.width` wide.
import { SECOND } from '../base/clock.ts'
import type { Explanation } from './explain-schema.ts'
import { columns, deviceText, page, paused, section } from './layout.ts'
import type { FindingsPage, FindingView } from './schemas.ts'
import { line, type Style, table } from './table.ts'
import { moment, number, span } from './words.ts'

/** Findings as a table, each with where it went and why it is one, and how to get the next page. */
export function renderFindings({ findings, next }: FindingsPage, style: Style): string {
  if (findings.length === 0) {
    return page([line('No findings. Whether the firewall reports at all, "askfirst stats" says.', style)])
  }
  const [titles, ...rows] = table(
    columns(['#score', 'what', '#count', 'last seen', '~device']),
    findings.map((one) => [
      { text: String(one.score), tone: one.score >= BAD_FROM ? ('bad' as const) : ('warn' as const) },
      one.class === 'plain' ? one.kind : `${one.kind}/${one.class}`,
      number(one.count),
      moment(one.last, style.zone),
      one.deviceName ?? one.device,
    ]),
    style,
  )
  return page([
    titles ?? '',
    ...findings.flatMap((one, i) => [
      rows[i] ?? '',
      line(`         to ${destination(one)}: ${one.reason}`, style, 'faint'),
    ]),
    '',
    ...(next === null ? [] : [line('There are more. Next page:', style), `  askfirst findings --cursor ${next}`]),
  ])
}

const groupText = ({ name, holds, schedule, bonus, paused: on }: Explanation['groups'][number]): string => {
  const hours =
    schedule === null ? '' : ` (${schedule}: ${holds ? 'on' : 'off'}${bonus === null ? '' : ', bonus minutes'})`
  return `${name}${hours}${on ? ' (paused)' : ''}`
}

/** The pauses of less than all. */
const pausedText = ({ of, name, until, by }: Explanation['pauses'][number], { zone }: Style): string =>
  `  paused for the ${of} ${name ?? ''} until ${moment(until, zone)} (${by ?? 'unknown'})`

const COVERS = {
  name: 'this name',
  below: 'what is under it',
  tree: 'all under it',
  pattern: 'what it fits',
  every: 'every name',
}
const WITHOUT = {
  device: 'not for this device',
  badfilter: 'taken back by another rule',
  rewrites: 'its list may not say where names lead',
}

/** Why a name is blocked or not. */
export function renderExplanation(explanation: Explanation, style: Style): string {
  const { name, device, deviceName, decision, matches, local, wouldAnswer, cached, evidence, pause } = explanation
  const { groups, upstreams, parent, aliases, pauses, safeSearch } = explanation
  const head =
    decision.kind === 'none'
      ? 'not blocked'
      : `${decision.kind === 'block' ? 'blocked' : 'allowed'} by ${decision.list}`
  return page([
    line(
      `${name}${device === null ? '' : ` for ${deviceText(device, deviceName)}`}: ${head}`,
      style,
      TONES[decision.kind],
    ),
    ...(decision.kind === 'none' || decision.line === 0
      ? []
      : [line(`  ${decision.path ?? decision.list}:${decision.line}: ${decision.text}`, style)]),
    line(`  ${decision.clause}`, style, 'faint'),
    ...(parent === null
      ? []
      : [
          line(
            `  ${parent.name} is blocked by ${parent.list}, line ${parent.line}: that rule does not cover this name.`,
            style,
          ),
        ]),
    ...(groups.every(({ name: one }) => one === 'default')
      ? []
      : [line(`  groups: ${groups.map(groupText).join(', ')}`, style)]),
    ...(upstreams === null ? [] : [line(`  asked at the upstreams of the group ${upstreams}`, style)]),
    ...aliases.map((one) =>
      line(
        `  leads on to ${one.name}: ${one.list === null ? 'no rule' : `${one.kind} by ${one.list}, line ${one.line ?? 0}`}`,
        style,
      ),
    ),
    ...(safeSearch === null ? [] : [line(`  safe search: answered as ${safeSearch.target}`, style)]),
    ...pauses.filter(({ of }) => of !== 'all').map((one) => line(pausedText(one, style), style, 'warn')),
    ...paused(pause, style),
    '',
    ...section(
      'What would be answered',
      ['type', '~answer', 'code', '#TTL', 'from'],
      Object.entries(wouldAnswer).map(([type, { records, rcode, ttl, source, error }]) => [
        type,
        records.join(' ') || (rcode !== null ? 'no record' : (error ?? 'what the upstream says')),
        rcode ?? '–',
        ttl === null ? '–' : span(ttl * SECOND),
        source,
      ]),
      style,
    ),
    ...section(
      'Stands in',
      ['source', '~place', '~text'],
      local.map(({ source, path, line: at, text }) => [
        source,
        path === null ? 'the configuration' : at === null ? path : `${path}:${at}`,
        text,
      ]),
      style,
    ),
    ...section(
      'Rules that match',
      ['kind', 'list', '#line', '~text', 'covers'],
      matches.map((match) => [
        match.kind,
        match.list,
        number(match.line),
        match.text,
        `${COVERS[match.covers]}${match.why === null ? '' : `; ${WITHOUT[match.why]}`}`,
      ]),
      style,
    ),
    ...section(
      'In the cache',
      ['type', 'code', '#TTL', '~records'],
      cached.map(({ type, rcode, ttl, stale, records }) => [
        type,
        rcode,
        stale ? 'stale' : span(ttl * SECOND),
        records.join(' '),
      ]),
      style,
    ),
    ...section(
      'Given to',
      ['~device', 'address', 'last', 'counts until'],
      evidence.map((one) => [
        deviceText(one.device, one.deviceName),
        one.address,
        moment(one.last, style.zone),
        moment(one.until, style.zone),
      ]),
      style,
    ),
  ])
}

/** From this score on a finding is shown in the colour of trouble. */
const BAD_FROM = 50
const TONES = { block: 'bad', allow: 'good', none: 'head' } as const

const destination = ({ dst, dport, proto }: FindingView): string => {
  const host = dport !== null && dst.includes(':') ? `[${dst}]` : dst
  return `${host}${dport === null ? '' : `:${dport}`} ${proto}`
}
