import { expect, it, vi } from 'vitest'
import { gatewayVersion, parseCommandLine } from './command-line.ts'

it('reads the flags', () => {
  expect(parseCommandLine(['--url', 'https://p', '--listen', ':1'])).toEqual({
    url: 'https://p',
    listen: ':1',
  })
})

it('has no flag for the enrolment token itself, because other users can list the arguments of a process', () => {
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  expect(() => parseCommandLine(['--enrolment-token', 'x'])).toThrow('unknown option')
  quiet.mockRestore()
})

it('says its version', () => {
  expect(gatewayVersion).toMatch(/^\d+\.\d+\.\d+/)
})
