// The figures as a page for a terminal. Knows no stream: text in lines comes out, at most `style.width` wide.
import { SECOND } from '../base/clock.ts'
import { OUTCOMES } from '../journal/template.ts'
import { deviceText, page, paused, plural, section } from './layout.ts'
import type { Stats } from './stats-schema.ts'
import { line, type Style } from './table.ts'
import { bars, bytes, micros, moment, number, percent, span } from './words.ts'

const MINUTES_AN_HOUR = 60
/** Rows of each top list on the terminal; the API has more. */
const TOP_SHOWN = 10

/** The figures, most wanted first; what needs attention stands at the top. */
export function renderStats(stats: Stats, style: Style): string {
  const { totals, lastDay, policy, lists, cache, evidence } = stats
  const lines = [
    line(
      `askfirst ${stats.version}, running for ${span(stats.uptime * SECOND)}; ${plural(policy.blocked, 'name')} blocked by ` +
        `${plural(lists.filter((list) => list.kind === 'block').length, 'list')}, ${number(policy.allowed)} allowed`,
      style,
      'head',
    ),
    ...attention(stats, style),
    '',
    line(
      `Last 24 hours: ${number(lastDay.queries)} queries, ${number(lastDay.blocked)} blocked (${percent(lastDay.blockedShare)})`,
      style,
    ),
    line(
      `  by the hour ${bars(hours(lastDay.minutes.queries))}  blocked ${bars(hours(lastDay.minutes.blocked))}`,
      style,
    ),
    '',
    ...section(
      `Queries since ${moment(stats.started, style.zone)}: ${number(totals.queries)}`,
      ['ended', '#queries', '#share', '#half within', '#99 % within'],
      OUTCOMES.filter((outcome) => totals[outcome] > 0).map((outcome) => [
        outcome,
        number(totals[outcome]),
        percent(totals[outcome] / totals.queries),
        micros(stats.latency.outcomes[outcome].p50Us),
        micros(stats.latency.outcomes[outcome].p99Us),
      ]),
      style,
    ),
    line(
      `Cache: ${number(cache.entries)} answers, ${bytes(cache.bytes)} of ${bytes(cache.maxBytes)}, ${percent(cache.hitShare)} hits`,
      style,
    ),
    '',
    ...threads(stats, style),
    ...section(
      'Upstreams',
      ['~server', '~for', 'state', '#answered', '#round trip', '#tries', '#failed'],
      stats.upstreams.map((upstream) => [
        upstream.server,
        upstream.uses.join(', '),
        upstream.healthy ? { text: 'up', tone: 'good' } : { text: 'down', tone: 'bad' },
        number(upstream.queries),
        upstream.latencyMs === null ? '–' : micros(upstream.latencyMs * 1000),
        number(upstream.tries),
        number(Object.values(upstream.failures).reduce((sum, count) => sum + count, 0)),
      ]),
      style,
    ),
    ...section(
      'Lists',
      ['~list', 'kind', '#rules', '#hits', '#rejected lines'],
      lists.map((list) => [list.name, list.kind, number(list.rules), number(list.hits), number(list.rejected)]),
      style,
    ),
    ...section(
      'Groups',
      ['group', 'hours', '#members', '#queries', '#blocked'],
      stats.groups.map((group) => [
        group.name,
        hoursText(group),
        number(group.members),
        number(group.queries),
        number(group.blocked),
      ]),
      style,
    ),
    line(changesText(stats.changes), style),
    '',
    line(
      `Names of the house: ${number(stats.names.records.config)} configured, ${number(stats.names.records.hosts)} from hosts files, ` +
        `${number(stats.names.records.lease)} from leases (${number(refusedLeases(stats))} refused), ${number(stats.names.rewrites)} rewritten`,
      style,
    ),
    '',
    ...section(
      'Firewall reports',
      ['~source', '#lines', '#reports', '#not ours', '#unknown', '#rejected', 'last report'],
      stats.intake.map((source) => [
        source.source,
        number(source.lines),
        number(source.reports),
        number(source.notOurs),
        number(source.unknownFormat),
        number(source.rejected),
        moment(source.lastReport, style.zone),
      ]),
      style,
    ),
    line(
      `Verdicts: ${Object.entries(stats.verdicts)
        .map(([kind, count]) => `${kind} ${number(count)}`)
        .join(', ')}`,
      style,
    ),
    line(
      `Evidence: ${number(evidence.handOuts)} addresses given to ${plural(evidence.devices, 'device')}, ` +
        `${plural(evidence.findings, 'finding')}, ${plural(evidence.waiting, 'report')} waiting`,
      style,
    ),
    // Nothing to see in a house; after a flood, what it pushed out.
    ...(evidence.strangersForgotten === 0
      ? []
      : [
          line(
            `Senders forgotten that only asked over UDP, perhaps forged: ${number(evidence.strangersForgotten)}`,
            style,
          ),
        ]),
    '',
    ...topNames('Names, last 24 hours', stats.top.names.items, style),
    ...topNames('Blocked names, last 24 hours', stats.top.blockedNames.items, style),
    ...section(
      'Devices, last 24 hours',
      ['#queries', '#blocked', '~device'],
      stats.top.devices.items
        .slice(0, TOP_SHOWN)
        .map(({ device, name, queries, blocked }) => [number(queries), number(blocked), deviceText(device, name)]),
      style,
    ),
  ]
  return page(lines)
}

/** Only where there are several. */
const threads = ({ threads: all, totals }: Stats, style: Style): string[] =>
  all.length === 1
    ? []
    : section(
        'Threads',
        ['thread', '#queries', '#share', '#processor time'],
        all.map(({ queries, cpuUs }, i) => [
          String(i + 1),
          number(queries),
          percent(queries / Math.max(1, totals.queries)),
          span(cpuUs / 1000),
        ]),
        style,
      )

const hoursText = ({ holds, schedule, bonusUntil, pausedUntil }: Stats['groups'][number]): string => {
  const hours = schedule === null ? 'always' : `${schedule}: ${holds ? 'on' : 'off'}`
  return `${hours}${bonusUntil === null ? '' : ', bonus minutes'}${pausedUntil === null ? '' : ', paused'}`
}

const changesText = ({ blockRules, allowRules, names, problems, pausedGroups, pausedDevices }: Stats['changes']) =>
  `Given at run time: ${plural(blockRules, 'block rule')}, ${plural(allowRules, 'allow rule')}, ${plural(names, 'name')}; ` +
  `paused: ${plural(pausedGroups, 'group')}, ${plural(pausedDevices, 'device')}` +
  (problems === 0 ? '' : `; ${plural(problems, 'thing')} in the file cannot be used`)

const refusedLeases = ({ names }: Stats): number =>
  Object.values(names.refusedLeases).reduce((sum, count) => sum + count, 0)

/** Lines about those who ask too much. */
const FLOODS_SHOWN = 3

function attention({ pause, learning, upstreams, intake, totals, limits }: Stats, style: Style): string[] {
  const down = upstreams.filter((upstream) => !upstream.healthy)
  const silent = intake.every((source) => source.reports === 0)
  return [
    ...paused(pause, style),
    ...(learning.active
      ? [line(`Learning until ${moment(learning.until, style.zone)}: nothing is called direct-ip yet.`, style, 'warn')]
      : []),
    ...limits.floods
      .slice(0, FLOODS_SHOWN)
      .map(({ who, limited, since }) =>
        line(
          `${who} asks too much: ${number(limited)} queries limited since ${moment(since, style.zone)}.`,
          style,
          'bad',
        ),
      ),
    ...down.map(({ server }) => line(`The upstream ${server} does not answer.`, style, 'bad')),
    ...(silent ? [line('No firewall has reported a connection yet: see docs/firewall.md.', style, 'warn')] : []),
    ...(totals.withoutDetails > 0
      ? [
          line(
            `${number(totals.withoutDetails)} queries are counted without details: this machine was too busy.`,
            style,
            'warn',
          ),
        ]
      : []),
  ]
}

const topNames = (heading: string, items: Stats['top']['names']['items'], style: Style): string[] =>
  section(
    heading,
    ['#queries', '~name'],
    items.slice(0, TOP_SHOWN).map(({ name, count }) => [number(count), name]),
    style,
  )

/** Sums of 60 minutes each, oldest first. */
const hours = (minutes: readonly number[]): number[] =>
  Array.from({ length: Math.ceil(minutes.length / MINUTES_AN_HOUR) }, (_, hour) =>
    minutes.slice(hour * MINUTES_AN_HOUR, (hour + 1) * MINUTES_AN_HOUR).reduce((sum, count) => sum + count, 0),
  )
