// A resolver in memory under lists, given as text, as their files would be.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FormatName } from '../../src/lists/line.ts'
import { loadPolicy } from '../../src/lists/load.ts'
import type { ListSources } from '../../src/lists/sources.ts'
import type { PolicySnapshot } from '../../src/threads/messages.ts'
import { packConditionals } from '../../src/threads/packed.ts'
import { type InMemory, inMemory } from './in-memory.ts'
import { extendedErrorOf, readPacket } from './packets.ts'

/** Lists of a house: files by name, with the format that each is read as, and rules of the configuration. */
export interface Lists {
  readonly files?: Readonly<Record<string, string>>
  readonly format?: FormatName
  readonly block?: readonly string[]
  readonly allow?: readonly string[]
  readonly audience?: ListSources['audience']
}

/** Compiles lists; throws where a line fits no format. */
export async function policyOf({ files = {}, format, block = [], allow = [], audience }: Lists, generation = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'askfirst-lists-'))
  try {
    const named = Object.entries(files).map(([name, text]) => {
      const path = join(folder, name)
      writeFileSync(path, text)
      return { path, kind: name.includes('allow') ? 'allow' : 'block', format: format ?? 'auto' } as const
    })
    const sources = { folder: null, files: named, block, allow, ...(audience && { audience }) }
    const compiled = await loadPolicy(sources, 'refuse', [1, 2, 3])
    if (compiled.kind === 'refused' || compiled.problems.length > 0) throw new Error(JSON.stringify(compiled.problems))
    const { buffer, lists, conditionals } = compiled
    return { buffer, lists, conditionals: packConditionals(conditionals), generation } satisfies PolicySnapshot
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A house under these lists. */
export const houseUnder = async (lists: Lists, options: Partial<Parameters<typeof inMemory>[0]> = {}) =>
  inMemory({ policy: await policyOf(lists), ...options })

/** What an answer says, in short. */
export interface Said {
  readonly rcode: string
  /** `A 127.0.0.1`, `CNAME x.example`. */
  readonly answers: readonly string[]
  /** Cut off: TC is set. */
  readonly cut: boolean
  readonly reason: string | undefined
}

/** Asks a packet and reads what comes; fails where nothing does. */
export async function says(house: InMemory, name: string, options: Parameters<InMemory['ask']>[1] = {}): Promise<Said> {
  const packet = await house.ask(name, { edns: 1232, ...options })
  const read = readPacket(packet) as unknown as {
    rcode: string
    flag_tc: boolean
    answers: { type: string; data: unknown }[]
  }
  return {
    rcode: read.rcode,
    answers: read.answers.map(({ type, data }) => `${type} ${typeof data === 'string' ? data : JSON.stringify(data)}`),
    cut: read.flag_tc,
    reason: extendedErrorOf(packet)?.text,
  }
}
