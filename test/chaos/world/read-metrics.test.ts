import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { readMetrics } from './read-metrics.ts'

it('metrics are summed over the series of one name that have the labels', async () => {
  const server = createServer((_request, response) => {
    response.end(
      '# TYPE a counter\na{end="lost",x="1"} 2\na{end="lost",x="2"} 3\na{end="left"} 10\na_total 99\nb 7\n',
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const metrics = await readMetrics(`http://127.0.0.1:${port}`)
  server.close()
  expect(metrics.sum('a')).toBe(15)
  expect(metrics.sum('a', { end: 'lost' })).toBe(5)
  expect(metrics.sum('b')).toBe(7)
  expect(metrics.sum('c')).toBe(0)
})
