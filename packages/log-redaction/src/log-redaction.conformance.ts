import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DestinationStream, Logger } from 'pino'
import { describe, expect, it } from 'vitest'

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const header = part({ alg: 'RS256', kid: 'canary-header' })
const payload = part({ sub: 'canary-payload' })
const signature = Buffer.from('canary-signature-canary-signature').toString('base64url')
const token = `${header}.${payload}.${signature}`
const pieces = [token, header, payload, signature, 'canary']

function expectNoPiece(text: string): void {
  for (const piece of pieces) expect(text).not.toContain(piece)
}

/** What every logger of the product must hold to, however it is called by mistake. */
export function logRedactionConformance(createLogger: (stream: DestinationStream) => Logger): void {
  function capture(): { logger: Logger; text: () => string; lines: () => unknown[] } {
    let text = ''
    const logger = createLogger({
      write: (line) => {
        text += line
      },
    })
    const lines = (): unknown[] =>
      text
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
    return { logger, text: () => text, lines }
  }

  describe('log redaction', () => {
    it('survives what has no end', () => {
      const { logger, lines } = capture()
      const endless: Record<string, unknown> = { name: 'x' }
      endless['self'] = endless
      logger.info({ endless, big: 1n, call: () => 1, bytes: Buffer.from('canary') }, 'odd')
      expect(lines()).toEqual([expect.objectContaining({ big: '1', bytes: '[6 bytes]', msg: 'odd' })])
    })

    const mistakes: [string, (logger: ReturnType<typeof capture>['logger']) => void][] = [
      ['a token in a message', (logger) => logger.info(`posted ${token} to`)],
      [
        'a token as an argument of the message',
        (logger) => logger.info('posted %s %j', token, { jwt: token }),
      ],
      [
        'a token under its own name',
        (logger) => logger.info({ jwt: token, accessToken: token, clientSecret: 'canary' }),
      ],
      ['a token under any name', (logger) => logger.info({ note: token, deep: { deeper: [{ x: token }] } })],
      [
        'a bearer header',
        (logger) => logger.info({ note: 'Bearer canary-opaque.canary' }, 'authorization: bearer canary'),
      ],
      [
        'headers',
        (logger) =>
          logger.info({ headers: { 'x-token': 'canary' }, Authorization: 'canary', 'Set-Cookie': 'canary' }),
      ],
      ['a body', (logger) => logger.info({ body: { any: 'canary' } })],
      [
        'bindings of a child',
        (logger) => logger.child({ token: 'canary', headers: { a: 'canary' }, jwt: token }).info('x'),
      ],
      [
        'an error with the request attached',
        (logger) =>
          logger.error(
            Object.assign(new Error('failed'), {
              headers: { a: 'canary' },
              config: { data: token },
              detail: 'canary',
            }),
          ),
      ],
      [
        'a cause that quotes the token',
        (logger) => logger.error({ err: new Error('x', { cause: new Error(token) }) }),
      ],
      [
        'an aggregate error',
        (logger) => logger.error({ err: new AggregateError([new Error(token)], 'all') }),
      ],
      [
        'an error that quotes the token’s beginning',
        (logger) => {
          try {
            JSON.parse(token)
          } catch (error) {
            logger.error({ err: error })
          }
        },
      ],
      [
        'a fetch request and its headers',
        (logger) => {
          const headers = new Headers({ authorization: `Bearer ${token}`, 'x-other': 'canary' })
          logger.info({ asked: new Request('http://127.0.0.1/', { headers }), headers, other: headers })
        },
      ],
      [
        'a URL with a token or a password',
        (logger) => logger.info({ url: `http://ann:canary@a/?jwt=${token}` }),
      ],
      ['an enrolment token', (logger) => logger.info(`enrol with pget_canary${'x'.repeat(37)}`)],
      ['a map', (logger) => logger.info({ map: new Map([['a', 'canary']]) })],
    ]
    it.each(mistakes)('T31 keeps every piece of a token out of the log: %s', (_name, mistake) => {
      const { logger, text } = capture()
      mistake(logger)
      expect(text()).not.toBe('')
      expectNoPiece(text())
    })

    it('T31 keeps every piece of a token out of the log: a whole request and its response', async () => {
      const { logger, text } = capture()
      const server = createServer((request, response) => {
        logger.info(
          { request, response, req: request, res: response, raw: { request }, socket: request.socket },
          'got',
        )
        logger.info(request)
        response.setHeader('x-canary', 'canary').end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      await new Promise<void>((resolve) => {
        httpRequest(
          {
            port,
            host: '127.0.0.1',
            path: `/?jwt=${token}`,
            headers: { authorization: `Bearer ${token}`, 'x-a': 'canary' },
          },
          (response) => {
            logger.info({ response }, 'answered')
            response.resume().on('end', resolve)
          },
        ).end()
      })
      server.close()
      expect(text()).toContain('answered')
      expectNoPiece(text())
    })
  })
}
