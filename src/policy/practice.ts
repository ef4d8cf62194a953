// Two policies of one name, asked before there is one that counts.
import { wireFromName } from '../base/name.ts'
import { TYPE } from '../base/question.ts'
import { policyBuilder } from './compile.ts'
import { DEFAULT_GROUP, type ListInfo } from './decision.ts'
import { openPolicy } from './policy.ts'

/** How often each name is asked for: V8 takes notes of a function after its first few calls. */
const TIMES = 12

const LISTED = wireFromName('listed.example.com') as Uint8Array
const UNLISTED = wireFromName('www.example.com') as Uint8Array
const LIST: ListInfo = {
  name: 'practice',
  path: undefined,
  kind: 'block',
  formats: [],
  rules: 1,
  lines: 1,
  rejected: 0,
}

/**
 * Lets V8 see that there is more than one policy. Machine code that it makes while it has seen one only relies on that one,
 * and is thrown away when the next comes, which then holds answers up for some milliseconds (decision note 0014). Takes 5 ms.
 */
export function practise(): void {
  const builder = policyBuilder([1, 2, 3], 1)
  builder.beginList()
  builder.add('block', true, LISTED, 1)
  const { buffer } = builder.finish()
  for (const policy of [openPolicy(buffer, [LIST], 1), openPolicy(buffer, [LIST], 2)]) {
    const audience = policy.audience([DEFAULT_GROUP])
    for (let i = 0; i < TIMES; i++) {
      for (const name of [LISTED, UNLISTED]) policy.decide(name, 0, audience, TYPE.A)
    }
  }
}
