import { type CertificateAuthority, createCertificateAuthority } from '@postern/testing/certificate-authority'
import { type NatsServer, startNatsServer } from '@postern/testing/nats-server'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'

import { type TestBus, type TestBusOptions, bytes, hasNatsServer, openTestBus } from './test/open-test-bus.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function start(...options: Parameters<typeof startNatsServer>): Promise<NatsServer> {
  const server = await startNatsServer(...options)
  ends.push(() => server.stop())
  return server
}

async function open(options: TestBusOptions): Promise<TestBus> {
  const bus = await openTestBus({ waitMs: 1_500, ...options })
  ends.push(() => bus.bus.close())
  return bus
}

async function works({ bus }: TestBus): Promise<boolean> {
  return (await bus.request('nobody', bytes(''), { timeoutMs: 2_000 })).kind === 'no-responders'
}

const password = (word: string) => ({ kind: 'password' as const, user: 'postern', password: word })

describe.skipIf(!hasNatsServer)('access to NATS by password', () => {
  const allowed = '{ publish: "postern.>", subscribe: "postern.>" }'
  const users = (permissions: string) => ({
    configuration: [
      `authorization { users: [{ user: postern, password: right, permissions: ${permissions} }] }`,
    ],
  })

  it('needs rights to postern.> and to nothing else', async () => {
    const { url } = await start(users(allowed))
    const [asking, answering] = await Promise.all([
      open({ urls: [url], credentials: password('right') }),
      open({ urls: [url], credentials: password('right') }),
    ])
    expect(await works(asking)).toBe(true)
    answering.bus.serve('tunnel.t-1', (message) => message)
    expect(await works(answering)).toBe(true)
    const answer = await asking.bus.request('tunnel.t-1', bytes('a'), { timeoutMs: 2_000 })
    expect(answer.kind).toBe('answered')
  })

  it.each([
    ['a wrong one', password('wrong')],
    ['none', { kind: 'none' as const }],
  ])('is refused with %s, and the refusal names the settings', async (_name, credentials) => {
    const { url } = await start(users(allowed))
    const { refusal, bus, log } = await open({ urls: [url], credentials })
    expect(refusal).toMatch(
      /refuses the credentials: check POSTERN_NATS_CREDENTIALS_FILE, or POSTERN_NATS_USER/,
    )
    expect(bus.isConnected).toBe(false)
    expect(log.join()).not.toMatch(/wrong|right/)
  })

  it.each([
    ['publish to', '{ publish: "other.>", subscribe: "postern.>" }'],
    ['subscribe to', '{ publish: "postern.>", subscribe: "other.>" }'],
  ])(
    'is refused to a user that may not %s its subjects, and the refusal names them',
    async (verb, rights) => {
      const { url } = await start(users(rights))
      const { refusal } = await open({ urls: [url], credentials: password('right') })
      expect(refusal).toMatch(new RegExp(`this user may not ${verb} postern\\..*: allow both on postern\\.>`))
    },
  )

  it('takes any server that lets it in, whatever the others say', async () => {
    const [strict, open_] = await Promise.all([start(users(allowed)), start()])
    expect(await works(await open({ urls: [strict.url, open_.url] }))).toBe(true)
  })
})

describe.skipIf(!hasNatsServer)('access to NATS by TLS', () => {
  let authority: CertificateAuthority
  let other: CertificateAuthority
  beforeAll(async () => {
    authority = await createCertificateAuthority('NATS authority')
    other = await createCertificateAuthority('another authority')
  })

  async function startWithTls(names: string[], verifiesClients = false): Promise<NatsServer> {
    return start({
      tls: { ...(await authority.issue({ names })), ca: authority.certificate, verifiesClients },
    })
  }

  it('trusts the authority that it is given, for names and for addresses', async () => {
    const { port } = await startWithTls(['localhost', '127.0.0.1'])
    for (const host of ['localhost', '127.0.0.1']) {
      const bus = await open({ urls: [`tls://${host}:${port}`], tls: { ca: authority.certificate } })
      expect([bus.refusal, await works(bus)]).toEqual([undefined, true])
    }
  })

  it.each([
    ['the authorities of the system', undefined],
    ['another authority', 'other'],
  ])('trusts it not by %s, and says which setting does', async (_name, which) => {
    const { url } = await startWithTls(['localhost', '127.0.0.1'])
    const { refusal } = await open({
      urls: [url],
      tls: which === undefined ? {} : { ca: other.certificate },
    })
    expect(refusal).toMatch(/its certificate is not trusted: set POSTERN_NATS_CA_FILE/)
  })

  it.each([
    [['localhost'], '127.0.0.1'],
    [['nats.example.com'], 'localhost'],
    [['nats.example.com'], '127.0.0.1'],
  ])('refuses a certificate for %j at %s', async (names, host) => {
    const { port } = await startWithTls(names)
    const { refusal } = await open({ urls: [`tls://${host}:${port}`], tls: { ca: authority.certificate } })
    expect(refusal).toMatch(/certificate.*ERR_TLS_CERT_ALTNAME_INVALID/)
  })

  it('says so where one side wants TLS and the other does not', async () => {
    const plain = await start()
    const secure = await startWithTls(['localhost'])
    const wanting = await open({ urls: [`tls://127.0.0.1:${plain.port}`] })
    expect(wanting.refusal).toMatch(/offers no TLS/)
    const without = await open({ urls: [`nats://localhost:${secure.port}`] })
    expect(without.refusal).toMatch(/write tls:\/\/ instead of nats:\/\//)
  })

  it('shows a certificate of its own where the server wants one, and says so where it has none', async () => {
    const { url } = await startWithTls(['localhost'], true)
    const ca = authority.certificate
    const none = await open({ urls: [url], tls: { ca } })
    expect(none.refusal).toMatch(/POSTERN_NATS_CERT_FILE and POSTERN_NATS_KEY_FILE/)
    const { certificate, privateKey } = await authority.issue({ isForClients: true })
    const bus = await open({ urls: [url], tls: { ca, cert: certificate, key: privateKey } })
    expect([bus.refusal, await works(bus)]).toEqual([undefined, true])
  })
})
