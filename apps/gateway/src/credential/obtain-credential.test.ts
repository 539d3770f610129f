import { createHash } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEnrolmentServer, type EnrolmentServer } from '../test/enrolment-server.ts'
import type { CredentialRecord } from './credential.ts'
import { CredentialStoreError, type CredentialStore } from './credential-store.ts'
import { readCredentialText, writeCredentialText } from './credential-text.ts'
import { createEnrol, createPodEnrol, type Enrol } from './enrol.ts'
import {
  createPodTokenEnrolment,
  createTokenEnrolment,
  EnrolmentTokenUnreadable,
} from './enrolment-method.ts'
import { keyIdOf, publicKeyTextOf } from './gateway-key.ts'
import {
  obtainCredential,
  type CredentialOutcome,
  type ObtainCredentialOptions,
} from './obtain-credential.ts'

let controlPlane: EnrolmentServer
let agent: Agent
let logged: string[]
let waited: number[]

beforeEach(async () => {
  controlPlane = await startEnrolmentServer(['token-1-canary', 'token-2-canary'])
  agent = new Agent()
  logged = []
  waited = []
})
afterEach(async () => {
  await agent.destroy()
  await controlPlane.close()
})

/** One place in memory, as text, so that nothing but what is written can be read. */
function createPlace(): { open: () => CredentialStore; text: () => string } {
  let text = ''
  const revision = (): string => createHash('sha256').update(text).digest('hex')
  const open = (): CredentialStore => ({
    place: 'memory',
    read: async () => ({ record: readCredentialText(text), revision: revision() }),
    async write(record: CredentialRecord, seen: string) {
      if (seen !== revision()) return 'conflict'
      text = writeCredentialText(record)
      return 'written'
    },
  })
  return { open, text: () => text }
}

function obtain(
  store: CredentialStore,
  options: Partial<ObtainCredentialOptions> & {
    enrol?: Enrol
    readEnrolmentToken?: () => Promise<string | undefined>
  } = {},
): Promise<CredentialOutcome> {
  const { enrol, readEnrolmentToken, ...others } = options
  const log = (fields: object, message: string): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`)
  return obtainCredential({
    store,
    enrolment: createTokenEnrolment(
      enrol ?? createEnrol({ controlPlaneOrigin: controlPlane.origin, dispatcher: agent }),
      readEnrolmentToken ?? (async () => 'token-1-canary'),
    ),
    controlPlaneOrigin: controlPlane.origin,
    log: { info: log, warn: log },
    now: () => new Date(),
    backoffMs: (attempt) => attempt,
    sleep: async (ms) => void waited.push(ms),
    signal: new AbortController().signal,
    ...others,
  })
}

describe('a gateway without a credential', () => {
  it('enrols with a key of its own and keeps what it got', async () => {
    const place = createPlace()
    const outcome = await obtain(place.open())
    expect(outcome).toMatchObject({
      kind: 'credential',
      credential: {
        gatewayId: 'g-1',
        gatewayName: 'eu',
        organizationId: 'o-1',
        controlPlaneOrigin: controlPlane.origin,
      },
    })
    if (outcome.kind !== 'credential') return
    expect(outcome.credential.keyId).toBe(keyIdOf(outcome.credential.privateKey))
    expect(controlPlane.presented).toEqual([publicKeyTextOf(outcome.credential.privateKey)])
    expect((await place.open().read()).record).toMatchObject({ phase: 'bound' })
  })

  it('starts again without the token', async () => {
    const place = createPlace()
    await obtain(place.open())
    const restarted = await obtain(place.open(), { readEnrolmentToken: async () => undefined })
    expect(restarted.kind).toBe('credential')
    expect(controlPlane.presented).toHaveLength(1)
  })

  it('prefers the credential to a token that is still configured, and says so', async () => {
    const place = createPlace()
    await obtain(place.open())
    await obtain(place.open(), { readEnrolmentToken: async () => 'token-2-canary' })
    expect(controlPlane.presented).toHaveLength(1)
    expect(logged.join('\n')).toContain('the credential wins')
  })

  it('says how to get a token when it has none', async () => {
    const outcome = await obtain(createPlace().open(), { readEnrolmentToken: async () => undefined })
    expect(outcome).toEqual({
      kind: 'refused',
      remedy: expect.stringMatching(/memory holds no.*create a new/),
    })
  })

  it('says how to mend a token that cannot be read', async () => {
    const readEnrolmentToken = (): Promise<never> => Promise.reject(new EnrolmentTokenUnreadable('chmod it'))
    expect(await obtain(createPlace().open(), { readEnrolmentToken })).toEqual({
      kind: 'refused',
      remedy: 'chmod it',
    })
  })
})

describe('a crash or a lost answer', () => {
  it('keeps the key before the control plane hears of it', async () => {
    const place = createPlace()
    let heldWhenPresented = ''
    const enrol: Enrol = async () => {
      heldWhenPresented = place.text()
      throw new RangeError('crash')
    }
    await expect(obtain(place.open(), { enrol })).rejects.toThrow('crash')
    expect(readCredentialText(heldWhenPresented)).toMatchObject({ phase: 'pending' })
  })

  it('costs no second token when the answer is lost: the same key comes again', async () => {
    controlPlane.answerNext('lost')
    expect((await obtain(createPlace().open())).kind).toBe('credential')
    expect(new Set(controlPlane.presented).size).toBe(1)
    expect(controlPlane.presented).toHaveLength(2)
  })

  it('costs no second token when the process dies between the answer and its writing', async () => {
    const place = createPlace()
    const dying: CredentialStore = {
      ...place.open(),
      write: (record, revision) =>
        record.phase === 'bound'
          ? Promise.reject(new RangeError('killed'))
          : place.open().write(record, revision),
    }
    await expect(obtain(dying)).rejects.toThrow('killed')
    expect((await obtain(place.open())).kind).toBe('credential')
    expect(new Set(controlPlane.presented).size).toBe(1)
  })

  it('makes another key for another token, because no key is taken twice', async () => {
    const place = createPlace()
    const enrol: Enrol = async (enrolment) => {
      await createEnrol({ controlPlaneOrigin: controlPlane.origin, dispatcher: agent })(enrolment)
      return { kind: 'refused', reason: 'status 401' }
    }
    expect((await obtain(place.open(), { enrol })).kind).toBe('refused')
    const again = await obtain(place.open(), { readEnrolmentToken: async () => 'token-2-canary' })
    expect(again.kind).toBe('credential')
    expect(new Set(controlPlane.presented).size).toBe(2)
  })
})

describe('processes that start together', () => {
  it('end with one credential, by one token', async () => {
    const place = createPlace()
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => obtain(place.open())))
    const keyIds = outcomes.map((outcome) =>
      outcome.kind === 'credential' ? outcome.credential.keyId : outcome.kind,
    )
    expect(new Set(keyIds).size).toBe(1)
    expect(new Set(controlPlane.presented).size).toBe(1)
    expect((await place.open().read()).record).toMatchObject({ credential: { keyId: keyIds[0] } })
  })

  it('take a refusal for nothing when another was faster', async () => {
    const place = createPlace()
    const enrol: Enrol = async () => {
      await obtain(place.open())
      return { kind: 'refused', reason: 'status 401' }
    }
    expect((await obtain(place.open(), { enrol })).kind).toBe('credential')
  })
})

describe('a control plane that does not enrol', () => {
  it('refuses a token for good, with the remedy and without the token', async () => {
    const outcome = await obtain(createPlace().open(), { readEnrolmentToken: async () => 'token-9-canary' })
    expect(outcome).toEqual({
      kind: 'refused',
      remedy: expect.stringMatching(/req-7.*create a new enrolment token/),
    })
    expect(JSON.stringify([outcome, logged])).not.toContain('canary')
    expect(waited).toEqual([])
  })

  it.each([
    { status: 503, body: '{}' },
    { status: 500, body: 'oops' },
    { status: 404, body: '<html>no backend</html>' },
    { status: 200, body: '<html>a portal</html>' },
    { status: 200, body: '{"gatewayId":7}' },
    { status: 302, body: '', headers: { location: 'https://elsewhere.example' } },
    {
      status: 200,
      body: JSON.stringify({
        gatewayId: 'g',
        gatewayName: 'n',
        organizationId: 'o',
        keyId: 'of-another-key',
      }),
    },
  ])('is asked again after $status $body', async (answer) => {
    controlPlane.answerNext(answer)
    expect((await obtain(createPlace().open())).kind).toBe('credential')
    expect(waited).toEqual([1])
  })

  it('is asked again no sooner than it said', async () => {
    controlPlane.answerNext({ status: 429, body: '{}', headers: { 'retry-after': '3' } })
    await obtain(createPlace().open())
    expect(waited).toEqual([3000])
  })

  it('is asked until it can be reached, and the log names the address and the remedy', async () => {
    const { origin } = controlPlane
    const enrol = createEnrol({ controlPlaneOrigin: 'http://127.0.0.1:1', dispatcher: agent })
    let left = 3
    const outcome = await obtain(createPlace().open(), {
      enrol: (enrolment) =>
        left-- > 0
          ? enrol(enrolment)
          : createEnrol({ controlPlaneOrigin: origin, dispatcher: agent })(enrolment),
    })
    expect(outcome.kind).toBe('credential')
    expect(waited).toEqual([1, 2, 3])
    expect(logged[0]).toMatch(/127\.0\.0\.1:1.*ECONNREFUSED.*HTTPS_PROXY/)
  })

  it('is asked no more once the gateway is told to stop', async () => {
    const stop = new AbortController()
    const enrol: Enrol = async () => ({ kind: 'unavailable', reason: 'away' })
    const sleep = async (): Promise<void> => stop.abort()
    const outcome = await obtain(createPlace().open(), { enrol, sleep, signal: stop.signal })
    expect(outcome).toEqual({ kind: 'stopped' })
  })
})

describe('a gateway that enrols by the token of its own pod', () => {
  const gatewayId = '7f0c3ad4-6f4f-4c59-9d7f-5b6a0e6d1a10'
  let podTokens: string[]

  function obtainByPod(
    store: CredentialStore,
    options: { unknownKeyId?: string } = {},
  ): Promise<CredentialOutcome> {
    const enrol = createPodEnrol({ controlPlaneOrigin: controlPlane.origin, dispatcher: agent, gatewayId })
    const tokenFile = '/nowhere/token'
    return obtainCredential({
      store,
      enrolment: {
        ...createPodTokenEnrolment(enrol, { gatewayId, tokenFile }),
        readToken: async () => podTokens.shift() ?? 'header.last.canary',
      },
      controlPlaneOrigin: controlPlane.origin,
      log: { info: () => undefined, warn: (fields) => void logged.push(JSON.stringify(fields)) },
      now: () => new Date(),
      backoffMs: (attempt) => attempt,
      sleep: async (ms) => void waited.push(ms),
      signal: new AbortController().signal,
      ...options,
    })
  }

  beforeEach(() => {
    podTokens = ['header.first.canary', 'header.second.canary', 'header.third.canary']
  })

  it('is let in with a key of its own, and keeps the credential', async () => {
    const place = createPlace()
    expect(await obtainByPod(place.open())).toMatchObject({
      kind: 'credential',
      credential: { gatewayId: 'g-1' },
    })
    expect(controlPlane.logins).toMatchObject([
      { method: 'kubernetes', gatewayId, jwt: 'header.first.canary' },
    ])
    expect(await obtainByPod(place.open())).toMatchObject({ kind: 'credential' })
    expect(controlPlane.logins).toHaveLength(1)
  })

  it('presents the same key with a later token when the answer was lost', async () => {
    controlPlane.answerNext('lost')
    expect(await obtainByPod(createPlace().open())).toMatchObject({ kind: 'credential' })
    expect(new Set(controlPlane.logins.map(({ jwt }) => jwt)).size).toBe(2)
    expect(new Set(controlPlane.presented).size).toBe(1)
  })

  it('makes another key when the control plane knows the first from before', async () => {
    controlPlane.answerNext({
      status: 400,
      body: JSON.stringify({ reqId: 'r', details: { code: 'public-key-known', permanent: false } }),
    })
    expect(await obtainByPod(createPlace().open())).toMatchObject({ kind: 'credential' })
    expect(controlPlane.presented).toHaveLength(1)
  })

  it('comes again when it is not let in now, no sooner than it was told', async () => {
    controlPlane.answerNext({
      status: 401,
      body: JSON.stringify({ reqId: 'req-9', details: { code: 'login-refused', permanent: false } }),
      headers: { 'retry-after': '30' },
    })
    expect(await obtainByPod(createPlace().open())).toMatchObject({ kind: 'credential' })
    expect(waited).toEqual([30_000])
    expect(logged.join()).toMatch(/req-9.*login-refused/)
  })

  it('ends with the remedy when it is not allowed, without the token', async () => {
    controlPlane.answerNext({
      status: 401,
      body: JSON.stringify({ reqId: 'req-9', details: { code: 'pod-not-allowed', permanent: true } }),
    })
    const outcome = await obtainByPod(createPlace().open())
    expect(outcome).toEqual({
      kind: 'refused',
      remedy: expect.stringMatching(/req-9.*POSTERN_GATEWAY_ID|POSTERN_GATEWAY_ID.*req-9/),
    })
    expect(JSON.stringify([outcome, logged])).not.toContain('canary')
  })

  it('replaces a key that the control plane knows no longer, and keeps every other', async () => {
    const place = createPlace()
    await obtainByPod(place.open())
    const first = await place.open().read()
    const keyId = first.record?.phase === 'bound' ? first.record.credential.keyId : ''
    expect(await obtainByPod(place.open(), { unknownKeyId: 'another' })).toMatchObject({
      credential: { keyId },
    })
    const again = await Promise.all([1, 2, 3].map(() => obtainByPod(place.open(), { unknownKeyId: keyId })))
    const keyIds = again.map((outcome) => (outcome.kind === 'credential' ? outcome.credential.keyId : ''))
    expect(new Set(keyIds).size).toBe(1)
    expect(keyIds).not.toContain(keyId)
  })
})

it.each(['', 'no-token', 'a.b.c\nd.e.f'])(
  'refuses a file that holds %j instead of a pod token',
  async (text) => {
    const tokenFile = join(await mkdtemp(join(tmpdir(), 'pod-token-')), 'token')
    const { readToken } = createPodTokenEnrolment(async () => ({ kind: 'refused', reason: '' }), {
      gatewayId: 'g',
      tokenFile,
    })
    await expect(readToken()).rejects.toThrow(/cannot be read \(ENOENT\)/)
    await writeFile(tokenFile, text)
    await expect(readToken()).rejects.toThrow(EnrolmentTokenUnreadable)
    await writeFile(tokenFile, 'header.claims.signature\n')
    expect(await readToken()).toBe('header.claims.signature')
  },
)

it.each([
  [true, 'credential'],
  [false, 'refused'],
] as const)('tries the store again when it says so (%s)', async (isPassing, kind) => {
  const place = createPlace()
  let failures = 1
  const store: CredentialStore = {
    ...place.open(),
    read: () =>
      failures-- > 0
        ? Promise.reject(new CredentialStoreError('the store is away', { isPassing }))
        : place.open().read(),
  }
  expect((await obtain(store)).kind).toBe(kind)
})
