import { expect, it } from 'vitest'
import { startPosternWithCluster } from './kubernetes-auth/test/postern-with-cluster.ts'

it('changes need one database connection each: none holds one while it waits for another', async () => {
  const postern = await startPosternWithCluster({}, { poolMax: 1 })
  const { app, cluster, admin: token, reviewerJwt } = postern
  try {
    const identityId = await postern.createIdentity()
    // The first of its organization to be encrypted since the start: its key is still to be read.
    const attached = await postern.attach(identityId)
    expect(attached.status).toBe(200)
    const authMethod = {
      method: 'kubernetes',
      kubernetesHost: cluster.url,
      caCert: cluster.caCert,
      tokenReviewerJwt: reviewerJwt,
      allowedNamespaces: 'postern',
      allowedNames: 'gateway',
    }
    const created = await app.call('POST', '/api/v3/gateways', {
      token,
      body: { name: 'berlin', authMethod },
    })
    expect(created.status).toBe(200)
    const pool = await app.call('POST', '/api/v1/gateway-pools', { token, body: { name: 'berlin' } })
    expect(pool.status).toBe(200)
    const role = { slug: 'deployer', name: 'Deployer', permissions: [{ subject: 'roles', action: 'read' }] }
    const made = await app.call('POST', '/api/v1/organization/roles', { token, body: role })
    expect(made.status).toBe(200)
    const granted = await app.call('PATCH', `/api/v1/identities/${identityId}`, {
      token,
      body: { role: 'deployer' },
    })
    expect(granted.status).toBe(200)
    const detached = await postern.configure('DELETE', identityId)
    expect(detached.status).toBe(200)
  } finally {
    await postern.close()
  }
})
