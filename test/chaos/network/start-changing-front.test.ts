import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import { expect, it } from 'vitest'
import { startChangingFront } from './start-changing-front.ts'

it('an authority is changed with an overlap, and whoever follows it is connected again each time', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const front = await startChangingFront('changing', { host: '127.0.0.1', port })
  const bundles = [front.bundle()]
  const change = { isOver: false }
  const followed = (async () => {
    while (!change.isOver) {
      const socket = connect({ host: '127.0.0.1', port: front.port, ca: bundles.at(-1) ?? '' })
      socket.on('error', () => undefined)
      await once(socket, 'close').catch(() => undefined)
      await sleep(5)
    }
  })()
  const reconnectedMs = await front.changeAuthority({
    trust: async (bundle) => bundles.push(bundle),
    noticeMs: 0,
    connections: 1,
  })
  change.isOver = true
  await front.close()
  await followed
  silent.close()
  expect(reconnectedMs).toEqual([expect.any(Number), expect.any(Number)])
  const [old = '', both = '', next = ''] = bundles
  expect(both).toBe(`${old}\n${next}`)
  expect(front.bundle()).toBe(next)
  expect(next).not.toBe(old)
})
