import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../src/base/failure.ts'
import { exists, filesUnder, textOf } from './tree.ts'

/** The sections of the page: code, and the text up to the next one. */
const sections = textOf('docs/errors.md')
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [head = '', ...body] = section.split('\n')
    return { code: head.trim(), body: body.join('\n').trim() }
  })

const codes = Object.keys(ERRORS)

describe('docs/errors.md', () => {
  test('has a section for each code of the table, in its order, and no other', () => {
    expect(sections.map(({ code }) => code)).toEqual(codes)
  })

  test('begins each section with the meaning that stands in the table', () => {
    expect(Object.fromEntries(sections.map(({ code, body }) => [code, body.split('\n')[0]]))).toEqual(
      Object.fromEntries(Object.entries(ERRORS).map(([code, meaning]) => [code, `*${meaning}*`])),
    )
  })

  test('says in each section what it means, what you see and what to do', () => {
    const parts = ['**What it means.** ', '**What you see.** ', '**What to do.** ']
    const lacking = sections.filter(({ body }) => !parts.every((part) => body.includes(`\n\n${part}`)))
    expect(lacking.map(({ code }) => code)).toEqual([])
  })
})

describe('the codes', () => {
  test('are each used in a source file, or marked as reserved on the page', () => {
    const used = filesUnder('src', '.ts')
      .filter((path) => path !== 'src/base/failure.ts')
      .map(textOf)
      .join('\n')
    const reserved = sections.filter(({ body }) => body.includes('\n\n**Reserved.** ')).map(({ code }) => code)
    const unused = codes.filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(used))
    expect(unused).toEqual(reserved)
  })

  test('that pages name are codes of the table', () => {
    const named = [
      ...filesUnder('docs', '.md'),
      ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter(exists),
    ]
    const wrong = named.flatMap((path) =>
      [...textOf(path).matchAll(/ASKFIRST_E_[A-Z_]*[A-Z]/g)]
        .map(([code]) => code)
        .filter((code) => !codes.includes(code)),
    )
    expect(wrong).toEqual([])
  })
})
