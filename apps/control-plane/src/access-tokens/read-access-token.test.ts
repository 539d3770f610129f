import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createEd25519Signer, type Ed25519Signer } from './ed25519-signer.ts'
import { createReadAccessToken } from './read-access-token.ts'
import {
  type TokenFixture,
  claimsIn,
  createTokenFixture,
  issuerUrl,
  tokenRequest,
} from './test/access-token-fixtures.ts'

const malformed = { kind: 'refused', reason: 'malformed' }

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function signedWith(signer: Ed25519Signer, header: unknown, claims: unknown): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`
}

describe('an access token', () => {
  let fixture: TokenFixture
  let token: string
  let claims: Record<string, unknown>
  let kid: string
  let key: Ed25519Signer
  beforeEach(async () => {
    fixture = await createTokenFixture()
    token = (await fixture.issuer.issue(tokenRequest())).accessToken
    claims = claimsIn(token)
    const current = fixture.keys.current()
    kid = current.id
    key = current.sign
  })
  const read = (text: string) => fixture.readToken(text)

  it('is authentic as issued, the second time too', () => {
    expect(read(token)).toEqual({ kind: 'authentic', claims })
    expect(read(token)).toEqual({ kind: 'authentic', claims })
  })

  it('is verified by a standard library from the published keys alone', async () => {
    const { payload, protectedHeader } = await jwtVerify(
      token,
      createLocalJWKSet({ keys: fixture.keys.published() }),
      { issuer: issuerUrl, algorithms: ['EdDSA'], currentDate: new Date(fixture.clock.nowMs()) },
    )
    expect(protectedHeader).toEqual({ alg: 'EdDSA', kid, typ: 'JWT' })
    expect(payload).toEqual(claims)
  })

  it('signed by the right key but written by hand in the same way is the same', () => {
    expect(read(signedWith(key, { alg: 'EdDSA', kid, typ: 'JWT' }, claims)).kind).toBe('authentic')
  })

  it('T43: without a signature is refused, whatever the algorithm is called', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      expect(read(`${encode({ alg, kid, typ: 'JWT' })}.${encode(claims)}.`)).toEqual(malformed)
    }
    const [header = '', payload = ''] = token.split('.')
    expect(read(`${header}.${payload}.`)).toEqual(malformed)
    expect(read(`${header}.${payload}`)).toEqual(malformed)
  })

  it('T43: HS256 with the public key as the secret is refused', () => {
    const { publicKey } = fixture.keys.current()
    const secrets = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
      Buffer.from(fixture.keys.published()[0]?.x ?? '', 'base64url'),
    ]
    for (const secret of secrets) {
      const input = `${encode({ alg: 'HS256', kid, typ: 'JWT' })}.${encode(claims)}`
      const mac = createHmac('sha256', secret).update(input).digest('base64url')
      expect(read(`${input}.${mac}`)).toEqual(malformed)
    }
  })

  it('T43: of a foreign key is refused, under its own kid and under ours', () => {
    const foreign = createEd25519Signer(generateKeyPairSync('ed25519').privateKey)
    expect(read(signedWith(foreign, { alg: 'EdDSA', kid: randomUUID(), typ: 'JWT' }, claims))).toEqual(
      malformed,
    )
    expect(read(signedWith(foreign, { alg: 'EdDSA', kid, typ: 'JWT' }, claims))).toEqual(malformed)
  })

  it('T43: that brings or names its own key is refused, even when our key signed it', () => {
    const foreign = generateKeyPairSync('ed25519')
    const jwk = foreign.publicKey.export({ format: 'jwk' })
    const additions = [
      { jwk },
      { jku: 'https://attacker.example/jwks.json' },
      { x5u: 'https://attacker.example/cert.pem' },
      { x5c: ['MIIB'] },
      { crit: ['exp'], exp: 1 },
      { b64: false, crit: ['b64'] },
      { zip: 'DEF' },
    ]
    for (const addition of additions) {
      const header = { alg: 'EdDSA', kid, typ: 'JWT', ...addition }
      expect(read(signedWith(createEd25519Signer(foreign.privateKey), header, claims))).toEqual(malformed)
      expect(read(signedWith(key, header, claims))).toEqual(malformed)
    }
  })

  it('of another issuer, another type, or with broken claims is refused, though our key signed it', () => {
    const changes = [
      { iss: 'https://elsewhere.example.com' },
      { authTokenType: 'accessToken' },
      { exp: undefined },
      { exp: String(claims['exp']) },
      { exp: 1.5 },
      { creationEpochMs: undefined },
      { authMethod: 'password' },
      { accessTokenPeriod: -1 },
      { clientSecretId: null },
    ]
    for (const change of changes) {
      expect(read(signedWith(key, { alg: 'EdDSA', kid, typ: 'JWT' }, { ...claims, ...change }))).toEqual(
        malformed,
      )
    }
    expect(read(signedWith(key, { alg: 'EdDSA', kid, typ: 'JWT' }, null))).toEqual(malformed)
  })

  it('changed anywhere is refused', () => {
    for (let index = 0; index < token.length; index += 7) {
      const changed = token[index] === 'A' ? 'B' : 'A'
      expect(read(token.slice(0, index) + changed + token.slice(index + 1))).toEqual(malformed)
    }
  })

  it('has one spelling', () => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const variants = [`${token}=`, `${token}==`, ` ${token}`, `${token}\n`, `${token}.`, `${token}.x`]
    // The last of 86 characters carries two bits of the signature and four that decoding ignores.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(signature.at(-1) ?? '')
    variants.push(`${header}.${payload}.${signature.slice(0, -1)}${alphabet[last + 1] ?? ''}`)
    for (const variant of variants) expect(read(variant)).toEqual(malformed)
  })

  it.each(['', '.', '..', '...', 'a.b.c', 'Bearer', '💥.💥.💥', '\0', 'x'.repeat(9000)])(
    'that is junk (%j) is refused',
    (junk) => {
      expect(read(junk)).toEqual(malformed)
    },
  )

  it('is dead at its expiry, also when it was remembered', () => {
    const expMs = Number(claims['exp']) * 1000
    expect(read(token).kind).toBe('authentic')
    fixture.clock.set(expMs - 1)
    expect(read(token).kind).toBe('authentic')
    fixture.clock.set(expMs)
    expect(read(token)).toEqual({ kind: 'refused', reason: 'expired' })
    expect(read(token)).toEqual({ kind: 'refused', reason: 'expired' })
  })

  it('is checked anew once newer ones have pushed it out of memory', async () => {
    let lookups = 0
    const readToken = createReadAccessToken({
      keys: {
        findByEncodedHeader: (header) => {
          lookups += 1
          return fixture.keys.findByEncodedHeader(header)
        },
      },
      issuer: issuerUrl,
      clock: fixture.clock,
      rememberedMax: 2,
    })
    const lookupsOf = (text: string) => {
      lookups = 0
      expect(readToken(text).kind).toBe('authentic')
      return lookups
    }
    const others = await Promise.all([1, 2].map(() => fixture.issuer.issue(tokenRequest())))
    // Twice: for the signature, and for whether the key is still trusted.
    expect(lookupsOf(token)).toBe(2)
    expect(lookupsOf(token)).toBe(1)
    expect(others.map(({ accessToken }) => lookupsOf(accessToken))).toEqual([2, 2])
    expect(lookupsOf(token)).toBe(2)
  })
})
