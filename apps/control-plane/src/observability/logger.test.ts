import { logRedactionConformance } from '@postern/log-redaction/conformance'
import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

function capture(): {
  logger: ReturnType<typeof createLogger>['logger']
  text: () => string
  lines: () => unknown[]
} {
  let text = ''
  const { logger } = createLogger({
    level: 'trace',
    replicaId: 'r1',
    stream: {
      write: (line) => {
        text += line
      },
    },
  })
  const lines = (): unknown[] =>
    text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
  return { logger, text: () => text, lines }
}

describe('createLogger', () => {
  it('writes one JSON object a line, with level, time, replica and fields', () => {
    const { logger, lines } = capture()
    logger
      .child({ reqId: 'q1' })
      .info({ route: '/livez', statusCode: 200, ok: true, list: [1, { a: null }] }, 'request')
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        replica: 'r1',
        reqId: 'q1',
        route: '/livez',
        statusCode: 200,
        ok: true,
        list: [1, { a: null }],
        msg: 'request',
      },
    ])
  })

  it('shows of an error its type, message, code, stack and cause', () => {
    const { logger, lines } = capture()
    const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), { code: 'ECODE' })
    logger.error({ err: error }, 'failed')
    logger.error(error)
    expect(lines()).toEqual([
      expect.objectContaining({
        msg: 'failed',
        err: expect.objectContaining({
          type: 'TypeError',
          message: 'outer',
          code: 'ECODE',
          stack: expect.stringContaining('logger.test'),
        }),
      }),
      expect.objectContaining({
        msg: 'outer',
        err: expect.objectContaining({ cause: expect.objectContaining({ message: 'inner' }) }),
      }),
    ])
  })
})

logRedactionConformance((stream) => createLogger({ level: 'trace', replicaId: 'r1', stream }).logger)
