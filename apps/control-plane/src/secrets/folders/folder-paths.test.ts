import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { folderDepthMax, folderName, joinPath, parseSecretPath } from './folder-paths.ts'

const names = fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { maxLength: folderDepthMax })

describe('the path of a folder', () => {
  it.each([
    ['..'],
    ['/a/../b'],
    ['/a/.'],
    ['a b'],
    ['/a/*'],
    ['/ä'],
    ['/a\\b'],
    ['/a\0'],
    ['/a\n'],
    ['/%2e%2e'],
    [`/${'x'.repeat(256)}`],
    ['/a'.repeat(folderDepthMax + 1)],
  ])('%j is refused, and the refusal names the parameter and not the text', (text) => {
    expect(() => parseSecretPath(text, 'path')).toThrow(
      expect.objectContaining({
        code: 'ValidationFailure',
        issues: [expect.objectContaining({ path: ['path'] })],
      }),
    )
  })

  it.each([
    ['', []],
    ['/', []],
    ['//', []],
    ['/a', ['a']],
    ['a/b', ['a', 'b']],
    ['/a//b/', ['a', 'b']],
    [`/${'x'.repeat(255)}`, ['x'.repeat(255)]],
  ])('%j is %j', (text, path) => {
    expect(parseSecretPath(text)).toEqual(path)
  })

  it('is read again as it was written', () => {
    fc.assert(
      fc.property(names, (path) => {
        expect(parseSecretPath(joinPath(path))).toEqual(path)
      }),
    )
  })

  it('has nothing but names of folders in it, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        let path: string[]
        try {
          path = parseSecretPath(text)
        } catch {
          return
        }
        expect(path.every((name) => folderName.test(name))).toBe(true)
      }),
    )
  })
})
