import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { findFreePort } from '../../processes/node-process.ts'
import { redirection } from './redirection.ts'

/** Asks one URL in each of the ways in which Node opens connections, and prints the answers. */
const program = `
  const http = require('node:http')
  const net = require('node:net')
  const url = process.argv[1]
  const { hostname: host, port } = new URL(url)
  const read = async (stream) => Buffer.concat(await stream.toArray()).toString()
  const request = () => new Promise((resolve) => http.get(url, (answer) => resolve(read(answer))))
  const socket = () => {
    const made = net.connect({ host, port: Number(port) })
    made.end('GET / HTTP/1.1\\r\\nhost: x\\r\\nconnection: close\\r\\n\\r\\n')
    return read(made).then((text) => text.split('\\r\\n\\r\\n')[1])
  }
  Promise.all([fetch(url).then((answer) => answer.text()), request(), socket()]).then((all) => console.log(all.join()))
`

it('a process is led elsewhere, however it dials, and its other connections are not', async () => {
  const server = createServer((_request, response) => {
    const body = 'the relay'
    response.writeHead(200, { 'content-length': body.length }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const nobody = `http://127.0.0.1:${await findFreePort()}`
  const ask = (url: string) =>
    promisify(execFile)(process.execPath, ['-e', program, url], {
      env: { PATH: process.env['PATH'], ...redirection(nobody, { address: `127.0.0.1:${port}` }) },
    })
  try {
    expect((await ask(nobody)).stdout.trim()).toBe('the relay,the relay,the relay')
    expect((await ask(`http://127.0.0.1:${port}`)).stdout.trim()).toBe('the relay,the relay,the relay')
  } finally {
    server.close()
  }
}, 30_000)
