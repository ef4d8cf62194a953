// `npm run bench`: measures askfirst and its rivals in turn and writes what came of it. Everything runs in a folder of
// its own below the system's temporary one, on loopback, and is ended and removed at the end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packageFile from '../package.json' with { type: 'json' }
import { judgeBars } from './bars.ts'
import type { Bench } from './bench.ts'
import { serve } from './bench.ts'
import { askfirst, type Contender, floor, RIVALS, upstream } from './contenders.ts'
import { measureGrowth } from './growth.ts'
import { compile, dnsperf } from './load.ts'
import { commit, loadAverage, machine } from './machine.ts'
import { measureHits } from './measure/hits.ts'
import { measureHuge } from './measure/huge.ts'
import { measureDecisions, measureJudgements } from './measure/inside.ts'
import { measureLongLoad } from './measure/long-load.ts'
import { measureMisses } from './measure/misses.ts'
import { bareMemory, measureStarts } from './measure/starts.ts'
import { measureSwaps } from './measure/swaps.ts'
import { hits, MIX, misses, writeQueries } from './mix.ts'
import { gatherNames, writeList } from './names.ts'
import { installLine, missing, TOOLS, versionOf } from './need.ts'
import { type Plan, plan } from './options.ts'
import { profile } from './profile.ts'
import { render, renderPage } from './render.ts'
import type { HitKind, Profile, Results, ServerRun } from './results.ts'
import { check, type Server, startServer } from './server.ts'

const ROOT = new URL('../', import.meta.url).pathname
/** The project's collected data, beside the repository; names are invented where it is not there. */
const DATA = join(ROOT, '../shared/data')
const LISTED = 1_000_000
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin'

