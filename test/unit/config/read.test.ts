import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/base/failure.ts'
import { FILE_MAX, readConfig } from '../../../src/config/read.ts'
import type { Config } from '../../../src/config/schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'askfirst-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

function configAt(path: string): Config {
  const read = readConfig(path)
  if ('problems' in read) expect.fail(JSON.stringify(read.problems))
  return read.config
}

function problemAt(path: string): Problem | undefined {
  const read = readConfig(path)
  return 'problems' in read ? read.problems[0] : undefined
}

describe('a file in order', () => {
  test('an empty file is the default, with paths from the folder of the file', () => {
    const config = configAt(file('empty.yaml', ''))
    expect(config.listen).toHaveLength(2)
    expect(config.lists.folder).toBe(join(folder, '../blocklists'))
    expect(config.state).toBe(join(folder, '../state'))
  })

  test('every path is taken from the folder of the file, and absolute ones stay', () => {
    const config = configAt(
      file(
        'paths.yaml',
        `lists: {folder: lists, files: [{path: a.txt}, {path: /srv/b.txt}]}
reports: {files: [./fw.log, /var/log/fw.log]}
devices: {leases: [../dnsmasq.leases]}
state: s
`,
      ),
    )
    expect(config.lists.folder).toBe(join(folder, 'lists'))
    expect(config.lists.files.map((list) => list.path)).toEqual([join(folder, 'a.txt'), '/srv/b.txt'])
    expect(config.reports.files).toEqual([join(folder, 'fw.log'), '/var/log/fw.log'])
    expect(config.devices.leases).toEqual([join(folder, '../dnsmasq.leases')])
    expect(config.state).toBe(join(folder, 's'))
    expect(configAt(file('none.yaml', 'lists: {folder: null}')).lists.folder).toBeNull()
  })

  test('nothing in the result can be changed', () => {
    const config = configAt(
      file('frozen.yaml', 'exempt: [{port: 123, because: time}]\ndevices: {names: {02:00:00:00:00:01: a}}'),
    )
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
      expect(Object.isFrozen(value)).toBe(true)
      Object.values(value).forEach(walk)
    }
    walk(config)
    expect(config.exempt[0]?.because).toBe('time')
  })

  test('a byte order mark and CRLF line ends, as Windows writes them, are read', () => {
    expect(configAt(file('windows.yaml', '\ufeffudpSize: 1400\r\nlog:\r\n  level: warn\r\n'))).toMatchObject({
      udpSize: 1400,
      log: { level: 'warn' },
    })
  })

  test('a file of exactly the largest size is read', () => {
    expect(configAt(file('large.yaml', `#${'x'.repeat(FILE_MAX - 1)}`)).udpSize).toBe(1232)
  })

  test('a link to a file is read as the file, its paths from the folder of the link', () => {
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(join(folder, 'elsewhere/real.yaml'), 'state: s\n')
    symlinkSync('elsewhere/real.yaml', join(folder, 'link.yaml'))
    expect(configAt(join(folder, 'link.yaml')).state).toBe(join(folder, 's'))
  })
})

describe('a file that cannot be read', () => {
  test('no such file', () => {
    const path = join(folder, 'missing.yaml')
    expect(problemAt(path)).toMatchObject({
      code: 'ASKFIRST_E_CONFIG_READ',
      message: 'there is no such file',
      place: { file: path },
    })
    expect(problemAt(join(file('plain.yaml', ''), 'x'))?.message).toBe('there is no such file')
  })

  test('a folder and a device are no configuration', () => {
    for (const path of [folder, '/dev/null']) {
      expect(problemAt(path)).toMatchObject({ code: 'ASKFIRST_E_CONFIG_READ', message: 'is not a regular file' })
    }
  })

  test('a name that no file can have', () => {
    expect(problemAt('a\0b\u001b[31m')).toMatchObject({
      code: 'ASKFIRST_E_CONFIG_READ',
      message: 'cannot be read: ERR_INVALID_ARG_VALUE',
      place: { file: 'a\\u0000b\\u001b[31m' },
    })
  })

  test('one byte too many is refused before it is parsed', () => {
    const path = file('huge.yaml', '['.repeat(FILE_MAX + 1))
    expect(problemAt(path)).toMatchObject({ code: 'ASKFIRST_E_CONFIG_READ', message: 'is larger than 1 MiB' })
  })

  test('bytes that are not UTF-8 are told with their line', () => {
    const latin1 = Buffer.from('# ok\nlog: {}\n# caf\xe9\nstate: s\n', 'latin1')
    expect(problemAt(file('latin1.yaml', latin1))).toMatchObject({
      message: 'is not UTF-8 text',
      place: { line: 3 },
      hint: 'Save it as UTF-8.',
    })
    expect(problemAt(file('cut.yaml', Buffer.from([0x23, 0xe2, 0x82])))).toMatchObject({ place: { line: 1 } })
    expect(problemAt(file('utf16.yaml', Buffer.from('\ufefflog: {}', 'utf16le')))?.message).toBe('is not UTF-8 text')
  })
})

test('problems carry the name of the file as it was given', () => {
  const path = file('wrong.yaml', 'udpsize: 1\n')
  expect(problemAt(path)).toEqual({
    code: 'ASKFIRST_E_CONFIG_KEY',
    message: 'there is no such key',
    place: { file: path, line: 1, column: 1, path: 'udpsize' },
    hint: 'Did you mean "udpSize"?',
  })
})
