import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { Steady } from '../../../src/config/steady.ts'
import { watchConfig } from '../../../src/config/watch.ts'

describe('Steady', () => {
  test('a file that nobody touches is never read again', () => {
    const steady = new Steady('s1', 'c1')
    expect([steady.see('s1'), steady.see('s1')]).toEqual(['same', 'same'])
  })

  test('a change is read once it has stood still, and told once', () => {
    const steady = new Steady('s1', 'c1')
    expect(steady.see('s2')).toBe('wait')
    expect(steady.see('s2')).toBe('read')
    expect(steady.take('c2')).toBe(true)
    expect(steady.see('s2')).toBe('same')
  })

  test('a file that is still being written is waited for', () => {
    const steady = new Steady('s1', 'c1')
    expect(['s2', 's3', 's4', 's4'].map((stamp) => steady.see(stamp))).toEqual(['wait', 'wait', 'wait', 'read'])
  })

  test('the same content under another stamp is no change', () => {
    const steady = new Steady('s1', 'c1')
    steady.see('s2')
    expect(steady.see('s2')).toBe('read')
    expect(steady.take('c1')).toBe(false)
    expect(steady.see('s2')).toBe('same')
  })

  test('a file that vanishes keeps its old content until it is back', () => {
    const steady = new Steady('s1', 'c1')
    expect([steady.see(undefined), steady.see(undefined), steady.see('s2'), steady.see('s2')]).toEqual([
      'same',
      'same',
      'wait',
      'read',
    ])
    expect(steady.take('c1')).toBe(false)
  })

  test('a stamp that goes back to the known one needs no reading', () => {
    const steady = new Steady('s1', 'c1')
    expect([steady.see('s2'), steady.see('s1'), steady.see('s1')]).toEqual(['wait', 'same', 'same'])
  })

  test('a file that was not there at first is a change when it comes', () => {
    const steady = new Steady(undefined, '')
    expect([steady.see('s1'), steady.see('s1')]).toEqual(['wait', 'read'])
    expect(steady.take('c1')).toBe(true)
  })
})

describe('watchConfig', () => {
  const folder = mkdtempSync(join(tmpdir(), 'askfirst-watch-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** A watched file; `change` waits for the next call, `calls` counts them. */
  function watched(name: string, path = join(folder, name)) {
    const seen = { calls: 0 }
    let told = (): void => {}
    const watch = watchConfig(path, () => {
      seen.calls++
      told()
    })
    onTestFinished(watch.close)
    const change = (edit: () => void): Promise<void> =>
      new Promise((resolve) => {
        told = resolve
        edit()
      })
    return { path, seen, change, close: watch.close }
  }

  test('an edit in place and a file renamed over it are each told once', async () => {
    writeFileSync(join(folder, 'a.yaml'), '# 1')
    const { path, seen, change } = watched('a.yaml')
    await change(() => writeFileSync(path, '# 2'))
    await change(() => {
      writeFileSync(`${path}.new`, '# 3')
      renameSync(`${path}.new`, path)
    })
    expect(seen.calls).toBe(2)
  })

  test('a touch, new rights and other files of the folder are not told', async () => {
    writeFileSync(join(folder, 'b.yaml'), '# 1')
    const { path, seen, change } = watched('b.yaml')
    utimesSync(path, 1, 1)
    chmodSync(path, 0o600)
    writeFileSync(join(folder, 'other.yaml'), 'x')
    const sign = watched('b-sign.yaml')
    await sign.change(() => writeFileSync(sign.path, 'x'))
    await change(() => writeFileSync(path, '# 2'))
    expect(seen.calls).toBe(1)
  })

  test('a file that is removed is told when it comes back with other content', async () => {
    writeFileSync(join(folder, 'c.yaml'), '# 1')
    const { path, seen, change } = watched('c.yaml')
    rmSync(path)
    await change(() => writeFileSync(path, '# 2'))
    expect(seen.calls).toBe(1)
  })

  test('an edit behind a link, of which no event tells, is found by looking', async () => {
    mkdirSync(join(folder, 'target'))
    writeFileSync(join(folder, 'target/real.yaml'), '# 1')
    symlinkSync('target/real.yaml', join(folder, 'd.yaml'))
    const { seen, change } = watched('d.yaml')
    await change(() => writeFileSync(join(folder, 'target/real.yaml'), '# 2'))
    expect(seen.calls).toBe(1)
  })

  test('a folder that does not exist yet is found by looking', async () => {
    const path = join(folder, 'later/e.yaml')
    const { seen, change } = watched('e.yaml', path)
    await change(() => {
      mkdirSync(join(folder, 'later'))
      writeFileSync(path, '# 1')
    })
    expect(seen.calls).toBe(1)
  })

  test('a file that grows too large is still a change', async () => {
    writeFileSync(join(folder, 'f.yaml'), '# 1')
    const { path, seen, change } = watched('f.yaml')
    await change(() => writeFileSync(path, `#${'x'.repeat(2 * 1024 ** 2)}`))
    expect(seen.calls).toBe(1)
  })

  test('after close nothing is told', async () => {
    writeFileSync(join(folder, 'g.yaml'), '# 1')
    const { path, seen, close } = watched('g.yaml')
    writeFileSync(path, '# 2')
    close()
    const sign = watched('g-sign.yaml')
    await sign.change(() => writeFileSync(sign.path, 'x'))
    expect(seen.calls).toBe(0)
  })
})
