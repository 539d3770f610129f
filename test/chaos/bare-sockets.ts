import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { answerOf, endChild } from './start-tunnel-server.ts'

export interface BareSockets {
  sockets: number
  /** Of the end that listens, since its start. */
  userMicros: number
  systemMicros: number
}

const processFile = fileURLToPath(new URL('bare-sockets-process.ts', import.meta.url))

/**
 * Runs `measure` beside as many TLS sockets of Node as tunnels were there, which carry the bytes of their pings at the
 * same rate and have nothing else above them: what any program on Node pays, on this machine and at this moment.
 */
export async function holdBareSockets<Measured>(
  sockets: number,
  measure: (look: () => Promise<BareSockets>) => Promise<Measured>,
): Promise<Measured> {
  const authority = await createCertificateAuthority('bare sockets')
  const { certificate, privateKey } = await authority.issue()
  const server = fork(processFile, ['server'])
  const clients = fork(processFile, ['clients'])
  try {
    const listening = answerOf<number>(server)
    server.send({ certificate, privateKey })
    const port = await listening
    const connected = answerOf(clients)
    clients.send({ port, ca: authority.certificate, sockets })
    await connected
    return await measure(async () => {
      const answer = answerOf<BareSockets>(server)
      server.send('processor')
      return answer
    })
  } finally {
    await endChild(clients)
    await endChild(server)
  }
}
