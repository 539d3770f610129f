import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { jsonAt, textAt } from '../json-at.ts'
import { readServiceAccountKey, signServiceAccountToken } from '../service-account-token.ts'
import { aRefusedToken, aStatus, payloadOf, review, type The } from './kubernetes-expectations.ts'

export function mintingTokens(the: The): void {
  it('signs who the account is, for whom the token is, and how long it lives', async () => {
    const token = await the().mintToken({
      namespace: 'shop',
      name: 'web',
      audiences: ['a', 'b'],
      expirationSeconds: 700,
    })
    const payload = payloadOf(token)
    expect(payload).toMatchObject({
      aud: ['a', 'b'],
      iss: the().issuer,
      sub: 'system:serviceaccount:shop:web',
      'kubernetes.io': {
        namespace: 'shop',
        serviceaccount: { name: 'web', uid: expect.stringMatching(/^[\da-f-]{36}$/) },
      },
    })
    expect(Number(jsonAt(payload, 'exp')) - Number(jsonAt(payload, 'iat'))).toBe(700)
    expect(jsonAt(payload, 'nbf')).toBe(jsonAt(payload, 'iat'))
  })

  it("gives a token without audiences the API server's own", async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    expect(jsonAt(payloadOf(token), 'aud')).toEqual(the().audiences)
  })

  const request = async (path: string, token: string, spec: object) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec }
    return the().send({ method: 'POST', path, token, body })
  }

  it('answers with the token and when it expires', async () => {
    const answer = await request('/api/v1/namespaces/shop/serviceaccounts/web/token', the().adminToken, {
      audiences: ['a'],
    })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: { audiences: ['a'], expirationSeconds: 3600 },
      status: {
        token: expect.stringMatching(/^ey/),
        expirationTimestamp: expect.stringMatching(/^\d{4}-.+Z$/),
      },
    })
  })

  it('refuses less than ten minutes, an unknown account, and an account without the right', async () => {
    const path = '/api/v1/namespaces/shop/serviceaccounts/web/token'
    expect(await request(path, the().adminToken, { expirationSeconds: 599 })).toMatchObject(
      aStatus(422, 'Invalid'),
    )
    const unknown = '/api/v1/namespaces/shop/serviceaccounts/nobody/token'
    const details = { name: 'nobody', kind: 'serviceaccounts' }
    expect(await request(unknown, the().adminToken, {})).toMatchObject(aStatus(404, 'NotFound', details))
    const own = await the().mintToken({ namespace: 'shop', name: 'web' })
    expect(await request(path, own, {})).toMatchObject(
      aStatus(403, 'Forbidden', { name: 'web', kind: 'serviceaccounts' }),
    )
  })
}

export function reviewingTokens(the: The): void {
  const reviewer = async () => the().mintToken({ namespace: 'shop', name: 'reviewer' })

  it('names the account, its groups and its uid', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const answer = await review(the(), { token }, await reviewer())
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({
      kind: 'TokenReview',
      apiVersion: 'authentication.k8s.io/v1',
      spec: { token },
    })
    expect(jsonAt(answer.json, 'status')).toMatchObject({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:shop:web',
        uid: jsonAt(payloadOf(token), 'kubernetes.io', 'serviceaccount', 'uid'),
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
      },
    })
    expect(jsonAt(answer.json, 'status', 'error')).toBeUndefined()
  })

  it.each([
    { title: 'none asked', asked: undefined },
    { title: 'an empty list asked', asked: [] },
  ])("answers with the API server's own audiences when there is $title", async ({ asked }) => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const answer = await review(the(), { token, ...(asked === undefined ? {} : { audiences: asked }) })
    expect(jsonAt(answer.json, 'status', 'audiences')).toEqual(the().audiences)
  })

  it('T1 answers with those of the asked audiences that the token has', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web', audiences: ['a', 'b'] })
    const answer = await review(the(), { token, audiences: ['c', 'b'] })
    expect(jsonAt(answer.json, 'status')).toMatchObject({ authenticated: true, audiences: ['b'] })
    expect(jsonAt(answer.json, 'spec', 'audiences')).toEqual(['c', 'b'])
  })

  it('reviews a token that is no account’s', async () => {
    const answer = await review(the(), { token: the().adminToken })
    const user = jsonAt(answer.json, 'status', 'user')
    expect(user).toMatchObject({ username: 'admin', groups: ['system:masters', 'system:authenticated'] })
  })
}

export function refusingTokens(the: The): void {
  it('refuses an expired token', async () => {
    expect(
      await review(the(), { token: await the().mintExpiredToken({ namespace: 'shop', name: 'web' }) }),
    ).toMatchObject(aRefusedToken())
  })

  it.each([
    { title: 'the last character of the signature', at: -1 },
    { title: 'the middle of the signature', at: -100 },
  ])('refuses a token with another character in $title', async ({ at }) => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const changed = token.at(at) === 'Q' ? 'A' : 'Q'
    const tampered = token.slice(0, at) + changed + (at === -1 ? '' : token.slice(at + 1))
    expect(await review(the(), { token: tampered })).toMatchObject(aRefusedToken())
  })

  it('refuses a token whose payload was replaced', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const [header, payload = '', signature] = token.split('.')
    const other = Buffer.from(payload, 'base64url').toString('utf8').replaceAll(':web"', ':reviewer"')
    expect(
      await review(the(), { token: `${header}.${Buffer.from(other).toString('base64url')}.${signature}` }),
    ).toMatchObject(aRefusedToken())
  })

  it('refuses a token without a signature algorithm', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
    expect(await review(the(), { token: `${header}.${token.split('.')[1]}.` })).toMatchObject(aRefusedToken())
  })

  it('T6 refuses a token of another cluster with the same issuer, namespace, name and uid', async () => {
    const payload = payloadOf(await the().mintToken({ namespace: 'shop', name: 'web' }))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const otherKey = readServiceAccountKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    const uid = textAt(payload, 'kubernetes.io', 'serviceaccount', 'uid')
    const times = { issuedAt: Number(jsonAt(payload, 'iat')), expiresAt: Number(jsonAt(payload, 'exp')) }
    const { issuer, audiences } = the()
    const claims = { issuer, audiences, namespace: 'shop', name: 'web', uid, ...times }
    expect(await review(the(), { token: signServiceAccountToken(otherKey, claims) })).toMatchObject(
      aRefusedToken(),
    )
  })

  it('T4 refuses a token that is for none of the asked audiences', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web', audiences: ['a'] })
    expect(await review(the(), { token, audiences: ['b'] })).toMatchObject(aRefusedToken())
    expect(await review(the(), { token })).toMatchObject(aRefusedToken())
    expect(await review(the(), { token: the().adminToken, audiences: ['b'] })).toMatchObject(aRefusedToken())
  })

  it('refuses the token of a deleted account, also after an account of that name is made again', async () => {
    await the().createServiceAccount('shop', 'leaving')
    const token = await the().mintToken({ namespace: 'shop', name: 'leaving' })
    await the().deleteServiceAccount('shop', 'leaving')
    expect(await review(the(), { token })).toMatchObject(aRefusedToken())
    await the().createServiceAccount('shop', 'leaving')
    expect(await review(the(), { token })).toMatchObject(aRefusedToken())
  })

  it.each(['garbage', 'a.b.c', '..', 'ey.ey.ey', '\u0000', 'ü'.repeat(10)])('refuses %j', async (token) => {
    expect(await review(the(), { token })).toMatchObject(aRefusedToken())
  })
}

/** Oddities of the real server that a login must survive. */
export function spellingsOfTokens(the: The): void {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const withStrayBit = (token: string) =>
    token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) ^ 1)

  it.each([
    { title: 'another stray bit at its end', spell: withStrayBit },
    { title: 'a line end inside', spell: (token: string) => `${token.slice(0, -5)}\n${token.slice(-5)}` },
    { title: 'a line end in its payload', spell: (token: string) => token.replace('.ey', '.e\r\ny') },
    {
      title: 'a tab in its signature',
      spell: (token: string) => `${token.slice(0, -5)}\t${token.slice(-5)}`,
    },
    { title: 'a space after it', spell: (token: string) => `${token} ` },
    { title: 'a space and words after it', spell: (token: string) => `${token} and more` },
  ])('vouches for a token with $title: a token has several spellings', async ({ spell }) => {
    const token = spell(await the().mintToken({ namespace: 'shop', name: 'web' }))
    const status = jsonAt((await review(the(), { token })).json, 'status')
    expect(status).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:shop:web' },
    })
  })

  it.each([
    { title: 'padding', spell: (token: string) => `${token}==` },
    { title: 'a fourth part', spell: (token: string) => `${token}.x` },
    { title: 'a tab in its payload', spell: (token: string) => token.replace('.ey', '.e\ty') },
  ])('refuses a token with $title', async ({ spell }) => {
    const token = spell(await the().mintToken({ namespace: 'shop', name: 'web' }))
    expect(await review(the(), { token })).toMatchObject(aRefusedToken())
  })

  it.each([' x', ' ', '\t'])(
    'T10 vouches for system:anonymous when the token is %j, for any audience',
    async (token) => {
      const status = jsonAt((await review(the(), { token, audiences: ['a', 'b'] })).json, 'status')
      expect(status).toEqual({
        authenticated: true,
        user: { username: 'system:anonymous', groups: ['system:unauthenticated'] },
        audiences: ['a', 'b'],
      })
    },
  )
}
