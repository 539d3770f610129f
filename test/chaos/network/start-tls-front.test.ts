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
