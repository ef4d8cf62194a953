// A strict reader of the Prometheus text format 0.0.4: refuses whatever the format does not allow.

export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

/** Reads a whole exposition, or throws with the line at fault. */
export function readMetrics(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const families = new Map<string, Family>()
  const series = new Set<string>()
  let help: { name: string; text: string } | undefined
  let current: Family | undefined
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (comment?.[1] === 'HELP') help = { name: comment[2] as string, text: comment[3] as string }
    else if (comment?.[1] === 'TYPE') {
      const name = comment[2] as string
      if (help?.name !== name || families.has(name)) throw new Error(`out of order: ${line}`)
      if (!/^(counter|gauge|histogram)$/.test(comment[3] as string)) throw new Error(`no such type: ${line}`)
      current = { name, help: help.text, type: comment[3] as Family['type'], samples: [] }
      families.set(name, current)
    } else {
      const sample = readSample(line)
      const suffixes = current?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
      if (!suffixes.some((suffix) => sample.name === `${current?.name}${suffix}`))
        throw new Error(`not of its family: ${line}`)
      const key = sample.name + JSON.stringify(Object.entries(sample.labels).sort())
      if (series.has(key)) throw new Error(`twice: ${line}`)
      series.add(key)
      current?.samples.push(sample)
    }
  }
  return families
}

function readSample(line: string): Family['samples'][number] {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  if (match === null) throw new Error(`not a sample: ${line}`)
  const labels: Record<string, string> = {}
  let rest = match[2] ?? ''
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,(?=.)|$)/.exec(rest)
    if (label === null || (label[1] as string) in labels) throw new Error(`bad labels: ${line}`)
    labels[label[1] as string] = (label[2] as string).replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))
    rest = rest.slice(label[0].length)
  }
  const text = match[3] as string
  if (!/^(\+Inf|-Inf|NaN|[+-]?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(text)) throw new Error(`not a number: ${line}`)
  return { name: match[1] as string, labels, value: Number(text.replace('Inf', 'Infinity')) }
}
