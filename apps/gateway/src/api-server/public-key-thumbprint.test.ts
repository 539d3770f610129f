import { expect, it } from 'vitest'
import { publicKeyThumbprint } from './public-key-thumbprint.ts'

/** The key and its thumbprint are the example of RFC 7638 §3.1. */
const example = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
}

it('is that of RFC 7638, whatever else the key says of itself', () => {
  const [thumbprint] = publicKeyThumbprint(example)
  expect(Buffer.from(thumbprint ?? []).toString('base64url')).toBe(
    'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  )
})

it('is that of RFC 8037 for an Ed25519 key', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const [thumbprint] = publicKeyThumbprint(jwk)
  expect(Buffer.from(thumbprint ?? []).toString('base64url')).toBe(
    'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  )
})

it.each([
  null,
  7,
  'RSA',
  {},
  { kty: 'oct', k: 'AQ' },
  { kty: 'RSA', n: 'AQ' },
  { kty: 'RSA', n: 1, e: 'AQAB' },
])('is nothing for %j', (jwk) => {
  expect(publicKeyThumbprint(jwk)).toEqual([])
})
