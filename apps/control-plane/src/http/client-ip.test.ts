import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClientIp, trustedProxyProblem } from './client-ip.ts'
import { type StartedHttpServer, startHttpServer } from './test/start-http-server.ts'

const behindLoopback = { trustedProxies: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] }

describe('T33 a request from a peer that is no configured proxy', () => {
  let server: StartedHttpServer
  beforeAll(async () => {
    server = await startHttpServer(
      (routes) => void routes.get('/ip', (request) => ({ ip: request.ip, host: request.host })),
    )
  })
  afterAll(() => server.close())

  it.each([
    ['x-forwarded-for', '203.0.113.9'],
    ['x-real-ip', '203.0.113.9'],
    ['forwarded', 'for=203.0.113.9'],
    ['cf-connecting-ip', '203.0.113.9'],
    ['true-client-ip', '203.0.113.9'],
    ['x-forwarded-host', 'evil.example'],
  ])('has the address of its socket, whatever %s says', async (header, value) => {
    const reply = await fetch(`${server.url}/ip`, { headers: { [header]: value } })
    expect(await reply.json()).toEqual({ ip: '127.0.0.1', host: `127.0.0.1:${server.port}` })
  })
})

describe('T34 a request from a configured proxy', () => {
  let server: StartedHttpServer
  beforeAll(async () => {
    server = await startHttpServer(
      (routes) => void routes.get('/ip', (request) => ({ ip: request.ip })),
      behindLoopback,
    )
  })
  afterAll(() => server.close())
  const ipFor = async (headers: Record<string, string>): Promise<unknown> => {
    const reply = await fetch(`${server.url}/ip`, { headers })
    return reply.json()
  }

  it.each([
    ['the proxy itself where it adds no hop', undefined, '127.0.0.1'],
    ['the rear hop', '203.0.113.9', '203.0.113.9'],
    ['the rear hop and none that stands before it', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['the first hop from the rear that is no proxy', '198.51.100.1, 203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['the foremost where all are proxies', '10.0.0.8,10.0.0.7', '10.0.0.8'],
    ['T35 a v4-mapped address as v4', '::ffff:203.0.113.9', '203.0.113.9'],
    ['T35 a v4-mapped address in hexadecimal as v4', '::ffff:cb00:7109', '203.0.113.9'],
    ['T35 a v4-mapped proxy as that proxy', '203.0.113.9, ::ffff:10.0.0.7', '203.0.113.9'],
    ['T35 an address without its port', '203.0.113.9:4711', '203.0.113.9'],
    ['T35 a v6 address without brackets and port', '[2001:DB8:0::1]:4711', '2001:db8::1'],
    ['T35 a v6 address without its zone', 'fe80::1%eth0', 'fe80::1'],
    ['T35 the rear one of 300 hops', `${'198.51.100.1,'.repeat(299)}203.0.113.9`, '203.0.113.9'],
    ['T35 nobody after 300 hops of proxies', Array(300).fill('10.0.0.7').join(','), 'unknown'],
    ['T35 nobody where the rear hop is a word', '203.0.113.9, unknown', 'unknown'],
    ['T35 nobody where the rear hop is empty', '203.0.113.9,', 'unknown'],
    ['T35 nobody where the header is empty', '', 'unknown'],
    ['T35 nobody where the rear hop is an octal spelling', '010.0.0.1', 'unknown'],
    ['T35 nobody where the rear hop is a decimal spelling', '3405803785', 'unknown'],
    ['T35 nobody where a v4 address has a zone', '10.0.0.1%eth0', 'unknown'],
    ['T35 nobody where v4 stands in brackets', '[10.0.0.1]:80', 'unknown'],
    ['T35 nobody where a CIDR range stands for an address', '0.0.0.0/0', 'unknown'],
  ])('counts as %s', async (_title, forwardedFor, expected) => {
    expect(await ipFor(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor })).toEqual({
      ip: expected,
    })
  })

  it.each(['x-real-ip', 'forwarded', 'cf-connecting-ip', 'true-client-ip'])(
    'ignores %s even there',
    async (header) => {
      expect(await ipFor({ [header]: '203.0.113.9' })).toEqual({ ip: '127.0.0.1' })
    },
  )
})

describe('the client address', () => {
  it('is an address or unknown for every header, and never a stranger’s choice in front of an untrusted hop', () => {
    const clientIp = createClientIp(['10.0.0.0/8'])
    fc.assert(
      fc.property(
        fc.string(),
        fc.ipV4().filter((ip) => !ip.startsWith('10.')),
        (prefix, rear) => {
          expect(clientIp({ remoteAddress: '::ffff:10.1.1.1', forwardedFor: `${prefix},${rear}` })).toBe(rear)
        },
      ),
    )
    fc.assert(
      fc.property(fc.string(), (forwardedFor) => {
        expect(clientIp({ remoteAddress: '10.1.1.1', forwardedFor })).toMatch(/^(unknown|[\d.]+|[\da-f:.]+)$/)
      }),
    )
  })

  it('is unknown for a socket that is gone', () => {
    expect(createClientIp([])({ remoteAddress: undefined, forwardedFor: undefined })).toBe('unknown')
  })
})

describe('the list of trusted proxies', () => {
  it.each([
    'proxy.example',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '::/0',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'fe80::1%eth0',
    '010.0.0.1',
    '',
  ])('refuses %j', (entry) => {
    expect(trustedProxyProblem(entry)).toBeTypeOf('string')
    expect(() => createClientIp([entry])).toThrow(/Trusted proxy/)
  })

  it.each(['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32'])('takes %s', (entry) => {
    expect(trustedProxyProblem(entry)).toBeUndefined()
  })
})
