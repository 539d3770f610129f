import { calculateJwkThumbprint } from 'jose'
import { describe, expect, it } from 'vitest'
import { createReadAccessToken } from './read-access-token.ts'
import { createAccessTokenIssuer } from './issue-access-token.ts'
import { SigningKeys } from './signing-keys.ts'
import {
  createSettableClock,
  createSigningKeyStoreInMemory,
  issuerUrl,
  encodingKeyring,
  tokenRequest,
} from './test/access-token-fixtures.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

async function open() {
  const clock = createSettableClock()
  const store = createSigningKeyStoreInMemory(clock)
  const options = { store, keyring: encodingKeyring, clock }
  const keys = await SigningKeys.open(options)
  const rotate = async () => {
    await store.add(await keys.createKey())
    await keys.reload()
  }
  return { clock, store, options, keys, rotate }
}

describe('signing keys', () => {
  it('are the same on a second replica, whose first token the first one accepts (T42)', async () => {
    const { options, keys, clock } = await open()
    const second = await SigningKeys.open(options)
    expect(second.current().id).toBe(keys.current().id)
    const issuer = createAccessTokenIssuer({ keys: second, issuer: issuerUrl, clock })
    const { accessToken } = await issuer.issue(tokenRequest())
    expect(createReadAccessToken({ keys, issuer: issuerUrl, clock })(accessToken).kind).toBe('authentic')
  })

  it('are stored encrypted, under their own context', async () => {
    const { store } = await open()
    const [stored] = await store.list()
    expect(stored?.privateKeyEncrypted.toString()).not.toContain('PRIVATE KEY')
    expect(() =>
      encodingKeyring.decryptForInstance('signing-key:other', stored?.privateKeyEncrypted ?? Buffer.of()),
    ).toThrow('another context')
  })

  it('are named by their RFC 7638 thumbprint and published without the private half', async () => {
    const { keys } = await open()
    const [published] = keys.published()
    expect(Object.keys(published ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    expect(published?.kid).toBe(
      await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x: published?.x ?? '' }),
    )
  })

  it('rotate with an overlap: published at once, signing ten minutes later, the old one still verifying', async () => {
    const { keys, clock, options, rotate } = await open()
    const old = keys.current()
    const issuer = createAccessTokenIssuer({ keys, issuer: issuerUrl, clock })
    const { accessToken } = await issuer.issue(tokenRequest())
    clock.set(clock.nowMs() + dayMs / 100)
    await rotate()
    expect(keys.published()).toHaveLength(2)
    expect(keys.current().id).toBe(old.id)
    clock.set(clock.nowMs() + 10 * minuteMs)
    expect(keys.current().id).not.toBe(old.id)
    expect(createReadAccessToken({ keys, issuer: issuerUrl, clock })(accessToken).kind).toBe('authentic')
    const other = await SigningKeys.open(options)
    expect(other.current().id).toBe(keys.current().id)
  })

  it('that have been retired verify nothing, even what was remembered', async () => {
    const { keys, clock, store, rotate } = await open()
    const old = keys.current()
    const readToken = createReadAccessToken({ keys, issuer: issuerUrl, clock })
    const issuer = createAccessTokenIssuer({ keys, issuer: issuerUrl, clock })
    const { accessToken } = await issuer.issue(tokenRequest())
    expect(readToken(accessToken).kind).toBe('authentic')
    await rotate()
    await store.retire(old.id)
    await keys.reload()
    expect(readToken(accessToken)).toEqual({ kind: 'refused', reason: 'malformed' })
    expect(keys.current().id).not.toBe(old.id)
  })

  it('are retired once no token of theirs can live, and not before', async () => {
    const { keys, clock, rotate } = await open()
    const first = keys.current().id
    const published = () => keys.published().map(({ kid }) => kid)
    clock.set(clock.nowMs() + dayMs)
    await rotate()
    // The first key signs for ten minutes more, and a token lives for 90 days.
    clock.set(clock.nowMs() + 90 * dayMs + 10 * minuteMs)
    await keys.retireOutlived()
    expect(published()).toContain(first)
    clock.set(clock.nowMs() + 1)
    await keys.retireOutlived()
    expect(published()).not.toContain(first)
    expect(published()).toHaveLength(1)
  })

  it('are described: which one signs, which waits, and until when an old one verifies', async () => {
    const { keys, clock, rotate } = await open()
    const states = () => keys.described().map(({ state }) => state)
    const startMs = clock.nowMs()
    expect(keys.described()).toMatchObject([{ state: 'signing', signsFromMs: startMs, retiresAtMs: null }])
    clock.set(startMs + dayMs)
    await rotate()
    expect(states()).toEqual(['signing', 'waiting'])
    const signsFromMs = startMs + dayMs + 10 * minuteMs
    expect(keys.described()[1]).toMatchObject({ signsFromMs, retiresAtMs: null })
    expect(keys.described()[0]).toMatchObject({ retiresAtMs: signsFromMs + 90 * dayMs })
    clock.set(signsFromMs)
    expect(states()).toEqual(['verifying', 'signing'])
  })

  it('refuse to sign when every one has been retired', async () => {
    const { keys, store } = await open()
    await store.retire(keys.current().id)
    await keys.reload()
    expect(() => keys.current()).toThrow('no signing key')
  })
})
