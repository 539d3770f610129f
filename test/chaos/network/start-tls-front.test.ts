import { once } from 'node:events'
import { createServer } from 'node:net'
import { connect } from 'node:tls'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { expect, it } from 'vitest'
import { startTlsFront } from './start-tls-front.ts'

it('a front ends TLS and passes the bytes on both ways', async () => {
  const echo = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = echo.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const authority = await createCertificateAuthority('front')
  const front = await startTlsFront(await authority.issue(), { host: '127.0.0.1', port })
  const client = connect({ port: front.port, host: '127.0.0.1', ca: authority.certificate })
  client.write('hello')
  const [bytes] = (await once(client, 'data')) as [Buffer]
  expect(bytes.toString()).toBe('hello')
  const stranger = connect({ port: front.port, host: '127.0.0.1' })
  const [error] = (await once(stranger, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toMatch(/CERT|SIGNED|VERIFY/)
  expect(front.accepted()).toBe(2)
  client.destroy()
  await front.close()
  echo.close()
})

it('a front whose certificate changes keeps what is open, until it cuts', async () => {
  const behind = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(behind, 'listening')
  const address = behind.address()
  const target = { host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
  const [before, after] = await Promise.all(
    ['before', 'after'].map((name) => createCertificateAuthority(name)),
  )
  if (before === undefined || after === undefined) throw new Error('no authorities')
  const front = await startTlsFront(await before.issue(), target)
  const open = connect({ port: front.port, host: '127.0.0.1', ca: before.certificate })
  await once(open, 'secureConnect')
  front.changeCertificate(await after.issue())
  open.write('still here')
  expect(String((await once(open, 'data'))[0])).toBe('still here')
  const late = connect({ port: front.port, host: '127.0.0.1', ca: before.certificate })
  await expect(once(late, 'secureConnect')).rejects.toThrow(/certificate/)
  const next = connect({ port: front.port, host: '127.0.0.1', ca: after.certificate })
  await once(next, 'secureConnect')
  await expect.poll(() => front.secured()).toBe(2)
  const closed = Promise.all([once(open, 'close'), once(next, 'close')])
  front.cut()
  await closed
  await front.close()
  behind.close()
})

it('a front speaks TLS to a target that does', async () => {
  const [inner, outer] = await Promise.all(['inner', 'outer'].map((name) => createCertificateAuthority(name)))
  if (inner === undefined || outer === undefined) throw new Error('no authorities')
  const echo = createServer((socket) => void socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = echo.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const target = await startTlsFront(await inner.issue(), { host: '127.0.0.1', port })
  const front = await startTlsFront(await outer.issue(), {
    host: '127.0.0.1',
    port: target.port,
    caCert: inner.certificate,
  })
  const client = connect({ port: front.port, host: '127.0.0.1', ca: outer.certificate })
  client.write('hello')
  expect(String((await once(client, 'data'))[0])).toBe('hello')
  client.destroy()
  await front.close()
  await target.close()
  echo.close()
})
