// The table of what comes and goes, against a list that is searched from end to end.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Buckets, type Linked } from '../../../src/base/buckets.ts'

interface Thing extends Linked<Thing> {
  readonly label: number
}

const step = fc.record({ add: fc.boolean(), pick: fc.nat(), hash: fc.oneof(fc.integer(), fc.nat(7)) })

test('finds what is there under its number, and nothing else, whatever came and went before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(1, 4, 64), (steps, places) => {
      const table = new Buckets<Thing>(places)
      const there: Thing[] = []
      const gone: Thing[] = []
      for (const [label, { add, pick, hash }] of steps.entries()) {
        if (add || there.length === 0) {
          const thing: Thing = { hash, label, next: undefined }
          table.add(thing)
          there.push(thing)
        } else {
          const [thing] = there.splice(pick % there.length, 1) as [Thing]
          expect(table.remove(thing)).toBe(true)
          gone.push(thing)
        }
      }
      const labels = (things: readonly Thing[]) => things.map(({ label }) => label).sort((a, b) => a - b)
      expect(table.size).toBe(there.length)
      expect(labels(table.all())).toEqual(labels(there))
      for (const { hash } of steps) {
        const found: Thing[] = []
        for (let one = table.find(hash); one !== undefined; one = table.find(hash, one)) found.push(one)
        expect(labels(found)).toEqual(labels(there.filter((thing) => thing.hash === hash)))
      }
      for (const thing of gone) {
        expect(table.remove(thing)).toBe(false)
        // What has left keeps nothing alive that came after it.
        expect(thing.next).toBeUndefined()
      }
    }),
    { numRuns: 300 },
  )
})
