import {
  attachKubernetesAuthRequest,
  updateKubernetesAuthRequest,
} from '@postern/api-contract/kubernetes-auth'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { checkSettings } from './check-settings.ts'
import type { KubernetesAuthSettings } from './kubernetes-auth.ts'
import { settingsToAttach, settingsToUpdate } from './kubernetes-auth-settings.ts'
import { warningsOf } from './settings-warnings.ts'

const { certificate } = await createCertificateAuthority('cluster')
const gatewayId = '44444444-4444-4444-8444-444444444444'
const gatewayPoolId = '55555555-5555-4555-8555-555555555555'

const attachBody = {
  kubernetesHost: 'https://cluster.example',
  allowedNamespaces: 'payments',
  allowedNames: '',
  allowedAudience: '',
}
const attach = (body: object = {}): KubernetesAuthSettings =>
  settingsToAttach(attachKubernetesAuthRequest.parse({ ...attachBody, ...body }))
const update = (current: KubernetesAuthSettings, body: object): KubernetesAuthSettings =>
  settingsToUpdate(current, updateKubernetesAuthRequest.parse(body))

function refusalOf(work: () => unknown): string {
  try {
    work()
    return 'accepted'
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error)
  }
}

describe('what is refused at save', () => {
  it.each([
    ['T12: both lists empty', { allowedNamespaces: ' ', allowedNames: '' }, 'ValidationFailure'],
    ['T19: a negation', { allowedNames: '!admin' }, 'ValidationFailure'],
    ['T19: braces', { allowedNamespaces: '{a,b}' }, 'ValidationFailure'],
    ['T19: an empty entry', { allowedNamespaces: 'a,,b' }, 'ValidationFailure'],
    ['an audience with a newline', { allowedAudience: 'a\nb' }, 'ValidationFailure'],
    ['T20: plain HTTP', { kubernetesHost: 'http://cluster.example' }, 'ValidationFailure'],
    ['T20: credentials in the host', { kubernetesHost: 'https://a:b@cluster.example' }, 'ValidationFailure'],
    ['mode api without a host', { kubernetesHost: null }, 'ValidationFailure'],
    ['mode api with an empty host', { kubernetesHost: '' }, 'ValidationFailure'],
    ['mode gateway without a gateway', { tokenReviewMode: 'gateway' }, 'ValidationFailure'],
    ['a gateway and a pool', { tokenReviewMode: 'gateway', gatewayId, gatewayPoolId }, 'ValidationFailure'],
    ['a CA that is none', { caCert: 'not PEM' }, 'ValidationFailure'],
    [
      'a CA whose content is none',
      { caCert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      'ValidationFailure',
    ],
    ['a CA and no verification', { caCert: certificate, verifyTlsCertificate: false }, 'BadRequest'],
    ['a TTL above the maximum', { accessTokenTTL: 61, accessTokenMaxTTL: 60 }, 'ValidationFailure'],
    ['a trusted IP that is none', { accessTokenTrustedIps: [{ ipAddress: '10.0.0.0/99' }] }, 'BadRequest'],
    ['a reviewer JWT that ends the header', { tokenReviewerJwt: 'a.b.c\r\nx: y' }, 'ValidationFailure'],
  ])('%s', (_title, body, code) => {
    expect(refusalOf(() => checkSettings(attach(body)))).toBe(code)
  })

  it.each([
    ['a negative TTL', { accessTokenTTL: -1 }],
    ['a fractional TTL', { accessTokenTTL: 0.5 }],
    ['a TTL of text', { accessTokenTTL: '60' }],
    ['no trusted IP at all', { accessTokenTrustedIps: [] }],
    ['rules that are missing', { allowedNames: undefined }],
    ['rules that are null', { allowedNamespaces: null }],
    ['an unknown mode', { tokenReviewMode: 'relay' }],
    ['a host that is missing', { kubernetesHost: undefined }],
    ['a gateway that is no UUID', { gatewayId: 'berlin' }],
    ['a pool that is no UUID', { gatewayPoolId: 'berlin' }],
  ])('the contract: %s', (_title, body) => {
    expect(attachKubernetesAuthRequest.safeParse({ ...attachBody, ...body }).success).toBe(false)
  })
})

describe('what is accepted at save', () => {
  it.each([
    ['the least that is needed', {}],
    ['any name, said out loud', { allowedNamespaces: '', allowedNames: '*' }],
    ['no maximum TTL', { accessTokenTTL: 315_360_000, accessTokenMaxTTL: 0 }],
    ['a CA', { caCert: `${certificate}\n${certificate}` }],
    ['an API server behind a gateway', { gatewayId }],
    ['an API server behind a pool', { gatewayPoolId }],
    ['a pool that reviews', { tokenReviewMode: 'gateway', gatewayPoolId, kubernetesHost: null }],
    ['a gateway that reviews', { tokenReviewMode: 'gateway', gatewayId, kubernetesHost: null }],
    ['what Terraform adds', { identityId: gatewayId, gatewayId: null, gatewayPoolId: null, caCert: '' }],
  ])('%s', (_title, body) => {
    expect(refusalOf(() => checkSettings(attach(body)))).toBe('accepted')
  })

  it('D2: verifies certificates unless it is told not to', () => {
    expect(attach().verifyTlsCertificate).toBe(true)
    expect(attach({ caCert: '' }).verifyTlsCertificate).toBe(true)
    expect(attach({ verifyTlsCertificate: false }).verifyTlsCertificate).toBe(false)
  })

  it('fills in the contract’s defaults', () => {
    expect(attach()).toMatchObject({
      tokenReviewMode: 'api',
      caCert: '',
      tokenReviewerJwt: null,
      gatewayId: null,
      accessToken: {
        ttlSeconds: 2_592_000,
        maxTtlSeconds: 2_592_000,
        numUsesLimit: 0,
        trustedIps: [
          { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 },
          { ipAddress: '::', type: 'ipv6', prefix: 0 },
        ],
      },
    })
  })
})

describe('a change', () => {
  const stored = attach({ caCert: certificate, tokenReviewerJwt: 'r.r.r' })

  it('leaves everything that is absent', () => {
    expect(update(stored, {})).toEqual(stored)
  })

  it.each([
    ['another host', { kubernetesHost: 'https://other.example' }],
    ['another port', { kubernetesHost: 'https://cluster.example:6443' }],
    ['another path', { kubernetesHost: 'https://cluster.example/k8s/c-1' }],
    ['no host', { tokenReviewMode: 'gateway', gatewayId, kubernetesHost: null }],
    ['another host and an empty JWT', { kubernetesHost: 'other.example', tokenReviewerJwt: '' }],
  ])('T8: %s clears the stored reviewer JWT', (_title, body) => {
    expect(update(stored, body).tokenReviewerJwt).toBeNull()
  })

  it('T8: a JWT that left with one host does not come back with it', () => {
    const moved = update(stored, { kubernetesHost: 'other.example' })
    expect(update(moved, { kubernetesHost: 'https://cluster.example' }).tokenReviewerJwt).toBeNull()
  })

  it.each([
    [
      'another host with a JWT of its own',
      { kubernetesHost: 'other.example', tokenReviewerJwt: 'n.n.n' },
      'n.n.n',
    ],
    ['the same host in another spelling', { kubernetesHost: 'CLUSTER.example:443' }, 'r.r.r'],
    ['an empty JWT', { tokenReviewerJwt: '' }, 'r.r.r'],
    ['null', { tokenReviewerJwt: null }, null],
  ])('T8: %s leaves the right reviewer JWT', (_title, body, expected) => {
    expect(update(stored, body).tokenReviewerJwt).toBe(expected)
  })

  it('D2: an empty CA, as Terraform always sends, keeps certificates verified', () => {
    const changed = update(stored, { caCert: '' })
    expect(changed).toMatchObject({ caCert: '', verifyTlsCertificate: true })
    expect(refusalOf(() => checkSettings(changed))).toBe('accepted')
  })

  it('D2: a new CA turns verification on', () => {
    const unverified = attach({ verifyTlsCertificate: false })
    expect(update(unverified, { caCert: certificate }).verifyTlsCertificate).toBe(true)
    expect(update(unverified, { caCert: '' }).verifyTlsCertificate).toBe(false)
  })

  it('null clears the gateway and the rules', () => {
    const gateway = attach({ tokenReviewMode: 'gateway', gatewayId })
    expect(update(gateway, { gatewayId: null, tokenReviewMode: 'api' }).gatewayId).toBeNull()
    expect(update(stored, { allowedNamespaces: null, allowedNames: 'api' })).toMatchObject({
      allowedNamespaces: '',
      allowedNames: 'api',
    })
  })

  it.each([
    ['naming a pool clears the gateway', { gatewayId }, { gatewayPoolId }, [null, gatewayPoolId]],
    ['naming a gateway clears the pool', { gatewayPoolId }, { gatewayId }, [gatewayId, null]],
    ['null clears the pool', { gatewayPoolId }, { gatewayPoolId: null }, [null, null]],
    [
      'null for the gateway, as Terraform sends, leaves the pool',
      { gatewayPoolId },
      { gatewayId: null },
      [null, gatewayPoolId],
    ],
    ['null for the pool leaves the gateway', { gatewayId }, { gatewayPoolId: null }, [gatewayId, null]],
    [
      'a gateway in the place of a pool that is cleared',
      { gatewayPoolId },
      { gatewayId, gatewayPoolId: null },
      [gatewayId, null],
    ],
    ['both absent leaves both', { gatewayPoolId }, {}, [null, gatewayPoolId]],
  ])('%s', (_title, before, body, [expectedGateway, expectedPool]) => {
    const changed = update(attach({ tokenReviewMode: 'gateway', ...before }), body)
    expect([changed.gatewayId, changed.gatewayPoolId]).toEqual([expectedGateway, expectedPool])
  })

  it('refuses a gateway and a pool in one request', () => {
    const changed = update(attach({ tokenReviewMode: 'gateway', gatewayId }), { gatewayId, gatewayPoolId })
    expect(refusalOf(() => checkSettings(changed))).toBe('ValidationFailure')
  })

  it('T8: another way to a host that no certificate proves clears the stored reviewer JWT', () => {
    const unverified = attach({ verifyTlsCertificate: false, tokenReviewerJwt: 'r.r.r', gatewayId })
    expect(update(unverified, { gatewayPoolId }).tokenReviewerJwt).toBeNull()
    expect(update(unverified, { gatewayId: null }).tokenReviewerJwt).toBeNull()
    expect(update(unverified, { gatewayPoolId, tokenReviewerJwt: 'n.n.n' }).tokenReviewerJwt).toBe('n.n.n')
    expect(update(unverified, { gatewayId }).tokenReviewerJwt).toBe('r.r.r')
    expect(update(stored, { gatewayPoolId }).tokenReviewerJwt).toBe('r.r.r')
  })

  it('T12: may not leave both lists empty', () => {
    expect(refusalOf(() => checkSettings(update(stored, { allowedNamespaces: null })))).toBe(
      'ValidationFailure',
    )
  })

  it('may not leave the TTL above the maximum', () => {
    expect(refusalOf(() => checkSettings(update(stored, { accessTokenMaxTTL: 60 })))).toBe(
      'ValidationFailure',
    )
  })
})

describe('warnings', () => {
  const jwt = (claims: object): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

  it.each([
    ['D2: certificates that are not verified', { verifyTlsCertificate: false }, /not verified/],
    ['a reviewer JWT that expires', { tokenReviewerJwt: jwt({ exp: 1_800_000_000 }) }, /2027-01-15T08:00:00/],
    [
      'rules that let everybody in',
      { allowedNamespaces: 'a, **', allowedNames: '*' },
      /Every service account/,
    ],
  ])('%s', (_title, body, text) => {
    expect(warningsOf(attach(body)).join()).toMatch(text)
  })

  it.each([
    ['nothing special', {}],
    ['a reviewer JWT without an expiry', { tokenReviewerJwt: jwt({}) }],
    ['a reviewer token that is no JWT', { tokenReviewerJwt: 'opaque' }],
    ['a reviewer JWT with an expiry beyond time', { tokenReviewerJwt: jwt({ exp: 1e300 }) }],
    ['one list that restricts', { allowedNames: '*' }],
  ])('none for %s', (_title, body) => {
    expect(warningsOf(attach(body))).toEqual([])
  })
})
