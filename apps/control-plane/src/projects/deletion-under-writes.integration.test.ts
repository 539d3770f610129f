import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PosternWithProjects, startPosternWithProjects } from './test/postern-with-projects.ts'

let postern: PosternWithProjects
beforeAll(async () => {
  postern = await startPosternWithProjects()
})
afterAll(() => postern.close())

const writes = (projectId: string, environment: string) =>
  Array.from({ length: 12 }, (_none, index) =>
    index % 3 === 0
      ? postern.send('POST', '/api/v2/folders', { projectId, environment, name: `f${index}`, path: '/' })
      : postern.send('POST', `/api/v4/secrets/KEY_${index}`, { projectId, environment, secretValue: 'x' }),
  )

it.each(['project', 'environment'])(
  'the %s goes while others write into it: each write is done or finds nothing, and none waits for the other in a circle',
  async (what) => {
    for (let round = 0; round < 6; round += 1) {
      const { id, environments } = await postern.createProject()
      const environmentId = environments[0]?.id ?? ''
      // In every other round there is no folder yet.
      if (round % 2 === 0) await Promise.all(writes(id, 'dev').slice(0, 4))
      const path =
        what === 'project' ? `/api/v1/projects/${id}` : `/api/v1/projects/${id}/environments/${environmentId}`
      const under = writes(id, 'dev')
      const [deleted, ...written] = await Promise.all([postern.send('DELETE', path), ...under])
      expect(deleted).toMatchObject({ status: 200 })
      const odd = written.filter(({ status }) => ![200, 400, 404].includes(status))
      expect(odd.map(({ body }) => body)).toEqual([])
    }
  },
)
