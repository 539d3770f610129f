import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { jsonAt } from './json-at.ts'
import { startKubernetesStandIn } from './kubernetes-stand-in.ts'
import { openTlsConnection } from './stand-in/tls-exchange.ts'
import { testClusterConformance } from './test-cluster.conformance.ts'

testClusterConformance('the stand-in', () => startKubernetesStandIn())

describe('the stand-in', () => {
  it('T6 makes clusters that accept none of each other’s tokens', async () => {
    const [one, two] = await Promise.all([startKubernetesStandIn(), startKubernetesStandIn()])
    for (const cluster of [one, two]) await cluster.createServiceAccount('shop', 'web')
    const body = {
      kind: 'TokenReview',
      spec: { token: await one.mintToken({ namespace: 'shop', name: 'web' }) },
    }
    const path = '/apis/authentication.k8s.io/v1/tokenreviews'
    const answers = [one, two].map((cluster) =>
      cluster.send({ method: 'POST', path, token: cluster.adminToken, body }),
    )
    const verdicts = (await Promise.all(answers)).map((answer) =>
      jsonAt(answer.json, 'status', 'authenticated'),
    )
    expect(verdicts).toEqual([true, undefined])
    expect(one.issuer).toBe(two.issuer)
    await Promise.all([one.close(), two.close()])
  })

  it('keeps its port, keys and objects while it is stopped', async () => {
    const standIn = await startKubernetesStandIn()
    await standIn.createServiceAccount('shop', 'web')
    const connection = await openTlsConnection(standIn)
    const ended = connection.exchange('GET / HTTP/1.1\r\n').then(
      () => 'ended',
      () => 'reset',
    )
    await standIn.stop()
    expect(['ended', 'reset']).toContain(await ended)
    await expect(standIn.send({ path: '/version' })).rejects.toThrow(/ECONNREFUSED|socket hang up/)
    await standIn.start()
    const token = await standIn.mintToken({ namespace: 'shop', name: 'web' })
    expect(token).not.toBe('')
    await standIn.close()
  })

  it.each([
    {
      title: 'another name',
      certificate: { names: ['elsewhere.example'] },
      problem: /altnames|ERR_TLS_CERT_ALTNAME/,
    },
    { title: 'a past', certificate: { notAfter: new Date(Date.now() - 60_000) }, problem: /expired/ },
  ])('T23 can show a certificate of $title', async ({ certificate, problem }) => {
    const standIn = await startKubernetesStandIn({ certificate })
    await expect(standIn.send({ path: '/version' })).rejects.toThrow(problem)
    await standIn.close()
  })

  it('T23 is trusted by nobody who has another authority', async () => {
    const [one, two] = await Promise.all([startKubernetesStandIn(), startKubernetesStandIn()])
    await expect(openTlsConnection({ url: one.url, caCert: two.caCert })).rejects.toThrow(/unable to verify/)
    await Promise.all([one.close(), two.close()])
  })

  it('names its key as Kubernetes does', async () => {
    const standIn = await startKubernetesStandIn()
    await standIn.createServiceAccount('shop', 'web')
    const token = await standIn.mintToken({ namespace: 'shop', name: 'web' })
    const answer = await standIn.send({ path: '/openid/v1/jwks', token })
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'))
    expect(jsonAt(header, 'kid')).toHaveLength(createHash('sha256').digest('base64url').length)
    expect(answer.text).toContain(String(jsonAt(header, 'kid')))
    await standIn.close()
  })
})
