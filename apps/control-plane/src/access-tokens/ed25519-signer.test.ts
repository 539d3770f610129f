import { createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEd25519Signer } from './ed25519-signer.ts'

describe('createEd25519Signer', () => {
  it('signs as RFC 8032 does in its second test vector', () => {
    const privateKey = createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'OKP',
        crv: 'Ed25519',
        d: Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex').toString(
          'base64url',
        ),
        x: Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex').toString(
          'base64url',
        ),
      },
    })
    expect(createEd25519Signer(privateKey)(Buffer.of(0x72)).toString('hex')).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('signs any message as OpenSSL does', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const signer = createEd25519Signer(privateKey)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const message = Buffer.from(bytes)
        const signature = signer(message)
        expect(signature.equals(sign(null, message, privateKey))).toBe(true)
        expect(verify(null, message, publicKey, signature)).toBe(true)
      }),
    )
  })

  it('takes no key of another kind', () => {
    const { privateKey } = generateKeyPairSync('x25519')
    expect(() => createEd25519Signer(privateKey)).toThrow('not an Ed25519 private key')
  })
})
