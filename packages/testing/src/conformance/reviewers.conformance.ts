import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'
import { expect, it } from 'vitest'
import { jsonAt, textAt } from '../json-at.ts'
import { aStatus, review, tokenReviews, type The } from './kubernetes-expectations.ts'

export function reviewersRights(the: The): void {
  const details = { group: 'authentication.k8s.io', kind: 'tokenreviews' }

  it('answers 401 to a reviewer whose token nobody knows, has expired, or is for another audience', async () => {
    const expired = await the().mintExpiredToken({ namespace: 'shop', name: 'reviewer' })
    const elsewhere = await the().mintToken({ namespace: 'shop', name: 'reviewer', audiences: ['elsewhere'] })
    for (const bearer of ['nonsense', expired, elsewhere]) {
      expect(await review(the(), { token: 'x' }, bearer)).toMatchObject(aStatus(401, 'Unauthorized'))
    }
  })

  it('answers 403 to a reviewer without the right, and to nobody in particular', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const answer = await review(the(), { token }, token)
    expect(answer).toMatchObject(aStatus(403, 'Forbidden', details))
    expect(textAt(answer.json, 'message')).toContain('system:serviceaccount:shop:web')
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const anonymous = await the().send({ method: 'POST', path: tokenReviews, body })
    expect(anonymous).toMatchObject(aStatus(403, 'Forbidden', details))
  })

  it('answers 403 once the right was revoked, and 201 once it is granted again', async () => {
    await the().createServiceAccount('shop', 'sometimes')
    const bearer = await the().mintToken({ namespace: 'shop', name: 'sometimes' })
    await the().grantTokenReview('shop', 'sometimes')
    expect((await review(the(), { token: 'x' }, bearer)).status).toBe(201)
    await the().revokeTokenReview('shop', 'sometimes')
    expect(await review(the(), { token: 'x' }, bearer)).toMatchObject(aStatus(403, 'Forbidden', details))
    await the().grantTokenReview('shop', 'sometimes')
    expect((await review(the(), { token: 'x' }, bearer)).status).toBe(201)
  })
}

export function readingReviewRequests(the: The): void {
  const post = async (body: unknown, contentType = 'application/json') =>
    the().send({ method: 'POST', path: tokenReviews, token: the().adminToken, body, contentType })

  it('answers 400 to a review of no token', async () => {
    expect(await review(the(), { token: '' })).toMatchObject(aStatus(400, 'BadRequest'))
    expect(await review(the(), {})).toMatchObject(aStatus(400, 'BadRequest'))
  })

  it.each([
    { title: 'broken JSON', body: '{' },
    {
      title: 'another kind',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'Pod', spec: { token: 'x' } },
    },
    {
      title: 'a number for a token',
      body: { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', spec: { token: 1 } },
    },
    {
      title: 'numbers for audiences',
      body: {
        kind: 'TokenReview',
        apiVersion: 'authentication.k8s.io/v1',
        spec: { token: 'x', audiences: [1] },
      },
    },
  ])('answers 400 to $title', async ({ body }) => {
    expect(await post(body)).toMatchObject(aStatus(400, 'BadRequest'))
  })

  it('answers 415 to text and 413 to more than 3 MiB', async () => {
    expect(await post('{}', 'text/plain')).toMatchObject(aStatus(415, 'UnsupportedMediaType'))
    expect(await review(the(), { token: 'x'.repeat(3 * 1024 * 1024) })).toMatchObject(
      aStatus(413, 'RequestEntityTooLarge'),
    )
  })

  it('answers 405 to a method that is not POST', async () => {
    expect(await the().send({ path: tokenReviews, token: the().adminToken })).toMatchObject(
      aStatus(405, 'MethodNotAllowed'),
    )
  })
}

export function askingForRights(the: The): void {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const reviewTokens = { group: 'authentication.k8s.io', resource: 'tokenreviews', verb: 'create' }
  const ask = (token: string | undefined, resourceAttributes: object) => {
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    }
    return the().send({ method: 'POST', path, body, ...(token === undefined ? {} : { token }) })
  }

  it('tells a reviewer that it may review tokens, and another account that it may not', async () => {
    const granted = await ask(await the().mintToken({ namespace: 'shop', name: 'reviewer' }), reviewTokens)
    expect(granted.status).toBe(201)
    expect(granted.json).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: true } })
    const denied = await ask(await the().mintToken({ namespace: 'shop', name: 'web' }), reviewTokens)
    expect(denied.status).toBe(201)
    expect(denied.json).toMatchObject({ kind: 'SelfSubjectAccessReview', status: { allowed: false } })
  })

  it('tells about one Secret and not another', async () => {
    await the().allowSecret({ namespace: 'shop', serviceAccountName: 'reviewer', secretName: 'own' })
    const token = await the().mintToken({ namespace: 'shop', name: 'reviewer' })
    const attributes = { namespace: 'shop', resource: 'secrets', verb: 'patch' }
    expect(jsonAt((await ask(token, { ...attributes, name: 'own' })).json, 'status', 'allowed')).toBe(true)
    expect(jsonAt((await ask(token, { ...attributes, name: 'other' })).json, 'status', 'allowed')).toBe(false)
    expect(jsonAt((await ask(token, attributes)).json, 'status', 'allowed')).toBe(false)
  })

  it('answers 403 to nobody in particular', async () => {
    const details = { group: 'authorization.k8s.io', kind: 'selfsubjectaccessreviews' }
    expect(await ask(undefined, reviewTokens)).toMatchObject(aStatus(403, 'Forbidden', details))
  })
}

export function versionAndIssuer(the: The): void {
  it('tells its version to anybody', async () => {
    const answer = await the().send({ path: '/version' })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/) })
  })

  it('publishes to accounts the key that verifies their tokens', async () => {
    const token = await the().mintToken({ namespace: 'shop', name: 'web' })
    const discovery = await the().send({ path: '/.well-known/openid-configuration', token })
    expect(discovery.json).toMatchObject({
      issuer: the().issuer,
      id_token_signing_alg_values_supported: ['RS256'],
    })
    expect(textAt(discovery.json, 'jwks_uri')).toMatch(/\/openid\/v1\/jwks$/)
    const keys = jsonAt((await the().send({ path: '/openid/v1/jwks', token })).json, 'keys')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const keyId: unknown = jsonAt(JSON.parse(Buffer.from(header, 'base64url').toString('utf8')), 'kid')
    const jwk: JsonWebKey | undefined = Array.isArray(keys)
      ? keys.find((key: unknown) => jsonAt(key, 'kid') === keyId)
      : undefined
    const publicKey = createPublicKey({ key: jwk ?? {}, format: 'jwk' })
    expect(
      verify(
        'RSA-SHA256',
        Buffer.from(`${header}.${payload}`),
        publicKey,
        Buffer.from(signature, 'base64url'),
      ),
    ).toBe(true)
  })

  it('answers 403 on the issuer, and on an unknown path, to nobody in particular', async () => {
    expect(await the().send({ path: '/.well-known/openid-configuration' })).toMatchObject(
      aStatus(403, 'Forbidden', {}),
    )
    expect(await the().send({ path: '/nowhere' })).toMatchObject(aStatus(403, 'Forbidden', {}))
  })

  it('answers 404 to an administrator who asks for what is not there', async () => {
    expect((await the().send({ path: '/nowhere', token: the().adminToken })).status).toBe(404)
    const unknown = await the().send({ path: '/api/v1/namespaces/shop/nothings', token: the().adminToken })
    expect(unknown).toMatchObject(aStatus(404, 'NotFound'))
  })
}
