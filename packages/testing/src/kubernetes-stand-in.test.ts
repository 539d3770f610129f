import { createHash } from 'node:crypto'
import { connect } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { jsonAt } from './json-at.ts'
import { startKubernetesStandIn } from './kubernetes-stand-in.ts'
import { openTlsConnection } from './stand-in/tls-exchange.ts'
import { testClusterConformance } from './test-cluster.conformance.ts'

testClusterConformance('the stand-in', () => startKubernetesStandIn())

testClusterConformance('the stand-in over the least of HTTP', () => startKubernetesStandIn({ isLean: true }))

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

describe('the stand-in over the least of HTTP', () => {
  it('reads requests that come in pieces, and answers each of several that come together', async () => {
    const standIn = await startKubernetesStandIn({ isLean: true })
    const socket = connect({ port: Number(new URL(standIn.url).port), host: '127.0.0.1', ca: standIn.caCert })
    const body = JSON.stringify({ spec: { token: 'ü' } })
    const request =
      `POST /apis/authentication.k8s.io/v1/tokenreviews HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: Bearer ${standIn.adminToken}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const bytes = Buffer.from(request.repeat(3))
    let received = ''
    socket.setEncoding('utf8').on('data', (text: string) => (received += text))
    for (let at = 0; at < bytes.length; at += 100) {
      socket.write(bytes.subarray(at, at + 100))
      await new Promise(setImmediate)
    }
    await vi.waitFor(() => expect(received.match(/HTTP\/1\.1 201 /g)).toHaveLength(3))
    expect(received.match(/invalid bearer token/g)).toHaveLength(3)
    socket.destroy()
    await standIn.close()
  })

  it('refuses a body without a length', async () => {
    const standIn = await startKubernetesStandIn({ isLean: true })
    const connection = await openTlsConnection(standIn)
    const answer = await connection.exchange('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n')
    expect(Buffer.concat(answer).toString()).toMatch(/^HTTP\/1\.1 411 /)
    await standIn.close()
  })
})
