import { afterEach, expect, test, vi } from 'vitest'
import { answerTexts } from '../../../src/wire/answer-text.ts'
import { responsePacket } from '../../support/packets.ts'

afterEach(() => vi.doUnmock('dns2'))

const message = responsePacket({
  questions: [{ type: 'A', name: 'www.example' }],
  answers: [
    { type: 'CNAME', name: 'www.example', ttl: 60, data: 'web.example' },
    { type: 'A', name: 'web.example', ttl: 60, data: '192.0.2.1' },
  ],
})

test('the answers of a message are told in their order', async () => {
  expect(await answerTexts(message)).toEqual(['web.example', '192.0.2.1'])
})

test('a library that cannot be loaded any more is told and ends nothing', async () => {
  vi.doMock('dns2', () => {
    throw new Error('EACCES: permission denied')
  })
  vi.resetModules()
  const later = await import('../../../src/wire/answer-text.ts')
  expect(await later.answerTexts(message)).toEqual(['not shown: the files of askfirst cannot be read any more'])
})
