import { type KubernetesStandIn, startKubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { identityResponse } from '@postern/api-contract/identities'
import type { AppConfig } from '../../app.ts'
import { type Reply, startTestApp, type TestApp } from '../../test/start-test-app.ts'

export interface PosternWithCluster {
  app: TestApp
  cluster: KubernetesStandIn
  /** An access token that may do everything. */
  admin: string
  organizationId: string
  /** Of a service account that may review tokens. */
  reviewerJwt: string
  createIdentity(role?: string): Promise<string>
  /** The four verbs on an identity's Kubernetes Auth. */
  configure(method: string, identityId: string, body?: object, token?: string): Promise<Reply>
  /** Rules that let payments/api in, the stored reviewer JWT; `change` goes on top. */
  attach(identityId: string, change?: object): Promise<Reply>
  login(identityId: string, jwt: string, more?: object): Promise<Reply>
  close(): Promise<void>
}

/** A whole control plane, a cluster to log in from, and somebody who may configure it. */
export async function startPosternWithCluster(
  config: Partial<AppConfig> = {},
  options: Parameters<typeof startTestApp>[1] = {},
  person = { email: 'ada@example.com', password: 'correct horse battery' },
): Promise<PosternWithCluster> {
  const [app, cluster] = await Promise.all([startTestApp(config, options), startKubernetesStandIn()])
  const bootstrapped = await app.call('POST', '/api/v1/admin/bootstrap', {
    body: { ...person, organization: 'Acme' },
  })
  const { identity, organization } = bootstrapResponse.parse(bootstrapped.body)
  const admin = identity.credentials.token
  await cluster.createServiceAccount('kube-system', 'reviewer')
  await cluster.grantTokenReview('kube-system', 'reviewer')
  await cluster.createServiceAccount('payments', 'api')
  const reviewerJwt = await cluster.mintToken({ namespace: 'kube-system', name: 'reviewer' })
  const configure: PosternWithCluster['configure'] = (method, identityId, body, token = admin) =>
    app.call(method, `/api/v1/auth/kubernetes-auth/identities/${identityId}`, { token, body })
  return {
    app,
    cluster,
    admin,
    organizationId: organization.id,
    reviewerJwt,
    createIdentity: async (role = 'no-access') => {
      const body = { name: 'ci', organizationId: organization.id, role }
      const reply = await app.call('POST', '/api/v1/identities', { token: admin, body })
      return identityResponse.parse(reply.body).identity.id
    },
    configure,
    attach: (identityId, change = {}) =>
      configure('POST', identityId, {
        kubernetesHost: cluster.url,
        caCert: cluster.caCert,
        tokenReviewerJwt: reviewerJwt,
        allowedNamespaces: 'payments',
        allowedNames: 'api',
        allowedAudience: '',
        ...change,
      }),
    login: (identityId, jwt, more = {}) =>
      app.call('POST', '/api/v1/auth/kubernetes-auth/login', { body: { identityId, jwt, ...more } }),
    close: async () => {
      await app.close()
      await cluster.close()
    },
  }
}
