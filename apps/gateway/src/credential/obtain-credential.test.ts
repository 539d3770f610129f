import { createHash } from 'node:crypto'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEnrolmentServer, type EnrolmentServer } from '../test/enrolment-server.ts'
import type { CredentialRecord } from './credential.ts'
import { CredentialStoreError, type CredentialStore } from './credential-store.ts'
import { readCredentialText, writeCredentialText } from './credential-text.ts'
import { createEnrol, type Enrol } from './enrol.ts'
import { createTokenEnrolment, EnrolmentTokenUnreadable } from './enrolment-method.ts'
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
