import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { jsonAt, textAt } from './json-at.ts'
import { startKubernetesStandIn, type KubernetesStandIn } from './kubernetes-stand-in.ts'
import { openTlsConnection } from './stand-in/tls-exchange.ts'
import type { Misbehaviour } from './stand-in/misbehaviour.ts'

const tokenReviews = '/apis/authentication.k8s.io/v1/tokenreviews'

describe('the stand-in when it misbehaves', () => {
  let standIn: KubernetesStandIn
  let token: string

  beforeAll(async () => {
    standIn = await startKubernetesStandIn()
    await standIn.createServiceAccount('shop', 'web')
    token = await standIn.mintToken({ namespace: 'shop', name: 'web' })
  })
  afterEach(() => standIn.behave())
  afterAll(async () => standIn.close())

  const goWrong = (how: Misbehaviour): void => standIn.misbehave({ on: 'tokenreviews', how })
  const review = async (timeoutMs?: number) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const request = { method: 'POST', path: tokenReviews, token: standIn.adminToken, body } as const
    return standIn.send(timeoutMs === undefined ? request : { ...request, timeoutMs })
  }

  it('hangs without a byte, and answers other paths meanwhile', async () => {
    goWrong({ kind: 'hang' })
    const hanging = review(300)
    expect((await standIn.send({ path: '/version' })).status).toBe(200)
    await expect(hanging).rejects.toThrow(/timeout|aborted/)
  })

  it('resets the connection', async () => {
    goWrong({ kind: 'reset' })
    await expect(review()).rejects.toThrow(/socket hang up|ECONNRESET/)
  })

  it('answers late', async () => {
    goWrong({ kind: 'delay', delayMs: 150 })
    await expect(review(50)).rejects.toThrow(/timeout|aborted/)
    expect(jsonAt((await review()).json, 'status', 'authenticated')).toBe(true)
  })

  it('drips its answer byte by byte', async () => {
    goWrong({ kind: 'drip', everyMs: 1 })
    const connection = await openTlsConnection(standIn)
    const pieces = await connection.exchange(reviewText(standIn, token), { pieces: 20 })
    expect(pieces.slice(1).every((piece) => piece.length <= 4)).toBe(true)
    connection.close()
    goWrong({ kind: 'drip', everyMs: 0 })
    expect(jsonAt((await review()).json, 'status', 'authenticated')).toBe(true)
  })

  it('breaks off in the middle of its answer', async () => {
    goWrong({ kind: 'truncate' })
    await expect(review()).rejects.toThrow(/aborted|ECONNRESET/)
  })

  it('sends a body of more than 64 KiB that is still right', async () => {
    goWrong({ kind: 'huge-body' })
    const answer = await review()
    expect(answer.text.length).toBeGreaterThan(1024 * 1024)
    expect(jsonAt(answer.json, 'status', 'authenticated')).toBe(true)
  })

  it('sends more header fields than a client has to read', async () => {
    goWrong({ kind: 'huge-headers' })
    await expect(review()).rejects.toThrow(/Header overflow|HPE_HEADER_OVERFLOW/)
  })

  it('sends a small body that unpacks to a large one', async () => {
    goWrong({ kind: 'gzip-bomb', unpackedBytes: 4 * 1024 * 1024 })
    const connection = await openTlsConnection(standIn)
    const answer = Buffer.concat(await connection.exchange(reviewText(standIn, token)))
    connection.close()
    const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
    expect(answer.toString('latin1')).toMatch(/content-encoding: gzip/i)
    expect(body.length).toBeLessThan(16 * 1024)
    expect(gunzipSync(body)).toHaveLength(4 * 1024 * 1024)
  })

  it('sends the page of a proxy, with the status of a success', async () => {
    goWrong({ kind: 'html' })
    const answer = await review()
    expect(answer).toMatchObject({
      status: 200,
      json: undefined,
      text: expect.stringContaining('<!doctype html>'),
    })
    expect(answer.headers['content-type']).toContain('text/html')
  })

  it('sends null', async () => {
    goWrong({ kind: 'null' })
    expect(await review()).toMatchObject({ status: 201, json: null })
  })

  it.each([{ value: 'text' }, { value: 7 }, { value: null }, { value: { authenticated: 'yes', user: [] } }])(
    'puts $value where the status belongs',
    async ({ value }) => {
      goWrong({ kind: 'status-field', value })
      expect(jsonAt((await review()).json, 'status')).toEqual(value)
    },
  )

  it.each([{ value: undefined }, { value: [] }, { value: 'text' }, { value: [1] }, { value: null }])(
    'T1 puts $value where the audiences belong, and vouches all the same',
    async ({ value }) => {
      goWrong({ kind: 'audiences-field', value })
      const status = jsonAt((await review()).json, 'status')
      expect(jsonAt(status, 'audiences')).toEqual(value)
      expect(textAt(status, 'user', 'username')).toBe('system:serviceaccount:shop:web')
    },
  )

  it.each([
    { code: 429, retryAfterSeconds: 1 },
    { code: 500, retryAfterSeconds: undefined },
    { code: 503, retryAfterSeconds: 30 },
  ] as const)('refuses with $code and says when to come back', async ({ code, retryAfterSeconds }) => {
    goWrong({ kind: 'refuse', code, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) })
    const answer = await review()
    expect(answer).toMatchObject({ status: code, json: { kind: 'Status', code } })
    expect(answer.headers['retry-after']).toBe(retryAfterSeconds?.toString())
  })

  it('refuses in the words that it is given', async () => {
    goWrong({ kind: 'refuse', code: 403, message: 'not today' })
    expect(await review()).toMatchObject({ status: 403, json: { reason: 'Forbidden', message: 'not today' } })
  })

  it('T22 redirects elsewhere', async () => {
    goWrong({ kind: 'redirect', location: 'https://127.0.0.1:1/' })
    expect(await review()).toMatchObject({ status: 307, headers: { location: 'https://127.0.0.1:1/' } })
  })

  it('goes wrong only as often as asked', async () => {
    standIn.misbehave({ on: 'tokenreviews', how: { kind: 'refuse', code: 503 }, times: 2 })
    const answers = [await review(), await review(), await review()]
    expect(answers.map((answer) => answer.status)).toEqual([503, 503, 201])
  })

  it('goes wrong on everything when asked, until it behaves', async () => {
    standIn.misbehave({ on: 'everything', how: { kind: 'refuse', code: 500 } })
    expect((await standIn.send({ path: '/version' })).status).toBe(500)
    expect((await review()).status).toBe(500)
    standIn.behave()
    expect((await review()).status).toBe(201)
  })

  it('counts what arrives', async () => {
    const before = standIn.received('tokenreviews')
    await review()
    goWrong({ kind: 'refuse', code: 503 })
    await review()
    expect(standIn.received('tokenreviews')).toBe(before + 2)
  })
})

function reviewText(standIn: KubernetesStandIn, token: string): string {
  const body = JSON.stringify({
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    spec: { token },
  })
  return [
    `POST ${tokenReviews} HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${standIn.adminToken}`,
    'Content-Type: application/json',
    'Connection: close',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}
