import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startControlPlane, type ControlPlaneProcess } from '@postern/test/processes/control-plane-process'
import { startGateway } from '@postern/test/processes/gateway-process'
import { logIn } from '@postern/test/processes/log-in'
import {
  attachKubernetesAuth,
  bootstrap,
  createGateway,
  createIdentity,
  type Platform,
} from '@postern/test/processes/platform'
import { createPosternApi, expectOk, textAt } from '@postern/test/processes/postern-api'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { chooseCluster, type DemoCluster } from './demo-cluster.ts'
import type { Narrator } from './narrator.ts'

export interface DemoOptions {
  /** For everything that the demonstration writes. */
  folder: string
  narrator: Narrator
  closeLater(it: { close(): Promise<unknown> }): void
  /** Ends the step that runs, with whatever it was opening. */
  stopping: AbortSignal
  standIn: boolean
  keep: boolean
  kubeconfig?: string
}

const namespaces = { gateway: 'postern-demo-system', workload: 'postern-demo-shop' }
const pod = { namespace: namespaces.workload, name: 'checkout' }
const stranger = { namespace: namespaces.workload, name: 'intruder' }

export async function runDemo(options: DemoOptions): Promise<void> {
  const { narrator } = options
  narrator.heading('Postern: a pod logs in without a secret')
  const { controlPlane, platform } = await startPlatform(options)
  const cluster = await startCluster(options)
  const gatewayId = await startItsGateway(options, controlPlane, platform, cluster)
  const identityId = await makeIdentity(narrator, platform, cluster, gatewayId)
  const projectId = await makeProject(narrator, platform, identityId)
  await logInAsPod(narrator, controlPlane, cluster, { identityId, projectId })
  await beRefused(narrator, controlPlane, platform, cluster, identityId)
  options.stopping.throwIfAborted()
  narrator.plain('\nDone: the pod held no secret, and nothing ever dialled into its cluster.')
  if (options.keep)
    await explainWhatIsLeft(options, controlPlane, platform, cluster, { identityId, projectId })
}

async function startPlatform(
  options: DemoOptions,
): Promise<{ controlPlane: ControlPlaneProcess; platform: Platform }> {
  return options.narrator.step('The platform team starts the control plane', async (say) => {
    const controlPlane = await startControlPlane({
      dataFolder: join(options.folder, 'control-plane'),
      signal: options.stopping,
    })
    options.closeLater({ close: () => controlPlane.end() })
    say(
      `It answers at ${controlPlane.url}, with its own PostgreSQL in a folder. API: ${controlPlane.url}/api/docs`,
    )
    const platform = await bootstrap(controlPlane.url, 'Demo')
    say('POST /api/v1/admin/bootstrap made the organization "Demo" and its administrator.')
    return { controlPlane, platform }
  })
}

async function startCluster(options: DemoOptions): Promise<DemoCluster> {
  return options.narrator.step('Somewhere there is a Kubernetes cluster', async (say) => {
    const { cluster, because } = await chooseCluster(options)
    options.closeLater(cluster)
    say(`${cluster.name} (${because}), at ${cluster.url}.`)
    say('Think of it as private: the control plane is never told this address.')
    return cluster
  })
}

async function startItsGateway(
  options: DemoOptions,
  controlPlane: ControlPlaneProcess,
  platform: Platform,
  cluster: DemoCluster,
): Promise<string> {
  return options.narrator.step('The platform team installs a gateway in that cluster', async (say) => {
    const account = { namespace: namespaces.gateway, name: 'postern-gateway' }
    await cluster.createServiceAccount(account.namespace, account.name)
    await cluster.grantTokenReview(account.namespace, account.name)
    say(`Its ServiceAccount ${account.namespace}/${account.name} has the right to review tokens`)
    say('(ClusterRoleBinding to system:auth-delegator), and no other.')
    const { gatewayId, enrolmentToken } = await createGateway(platform, 'demo')
    say('An enrolment token, good for one use within an hour, binds the key that the gateway makes.')
    const mounted = await createServiceAccountFolder({
      cluster,
      ...account,
      path: join(options.folder, 'gateway-service-account'),
    })
    const gateway = await startGateway({
      controlPlaneUrl: controlPlane.url,
      kubernetesUrl: cluster.url,
      serviceAccountFolder: mounted.path,
      credential: `file:${join(options.folder, 'gateway', 'credential.json')}`,
      enrolmentToken,
      signal: options.stopping,
    })
    options.closeLater({ close: () => gateway.end() })
    say('It dialled out to the control plane and keeps that tunnel open. Nothing dials in.')
    return gatewayId
  })
}

async function makeIdentity(
  narrator: Narrator,
  platform: Platform,
  cluster: DemoCluster,
  gatewayId: string,
): Promise<string> {
  return narrator.step('The platform team makes an identity and its rules', async (say) => {
    await cluster.createServiceAccount(pod.namespace, pod.name)
    await cluster.createServiceAccount(stranger.namespace, stranger.name)
    const identityId = await createIdentity(platform, 'checkout')
    await attachKubernetesAuth(platform, identityId, {
      tokenReviewMode: 'gateway',
      gatewayId,
      allowedNamespaces: pod.namespace,
      allowedNames: pod.name,
      accessTokenTTL: 600,
      accessTokenMaxTTL: 3600,
    })
    say(`Identity "checkout": only the ServiceAccount ${pod.namespace}/${pod.name} may be it;`)
    say('reviewed by the gateway; its access tokens live 10 minutes, renewable up to an hour.')
    say('Saving asked the gateway for a review first, so a wrong setting shows here and not at 3 a.m.')
    return identityId
  })
}

async function makeProject(narrator: Narrator, platform: Platform, identityId: string): Promise<string> {
  return narrator.step('The application team keeps its secrets in a project', async (say) => {
    const { admin } = platform
    const project = expectOk(await admin.post('/api/v1/projects', { projectName: 'Shop' }))
    const projectId = textAt(project, 'project.id')
    const secrets = { DB_PASSWORD: 'correct-horse', DB_URL: 'postgres://shop:${DB_PASSWORD}@db/shop' }
    for (const [name, secretValue] of Object.entries(secrets)) {
      const body = { projectId, environment: 'prod', secretValue }
      expectOk(await admin.post(`/api/v4/secrets/${name}`, body))
    }
    const membership = `/api/v1/projects/${projectId}/memberships/identities/${identityId}`
    expectOk(await admin.post(membership, { role: 'viewer' }))
    say('Project "Shop", environment "prod": DB_PASSWORD, and DB_URL, which refers to it as ${DB_PASSWORD}.')
    say('Identity "checkout" is in the project as viewer: it reads, and can change nothing.')
    return projectId
  })
}

async function logInAsPod(
  narrator: Narrator,
  controlPlane: ControlPlaneProcess,
  cluster: DemoCluster,
  { identityId, projectId }: { identityId: string; projectId: string },
): Promise<void> {
  await narrator.step('The pod logs in: one call, with the token that Kubernetes gave it', async (say) => {
    const jwt = await cluster.mintToken(pod)
    const login = expectOk(await logIn(controlPlane.url, identityId, jwt))
    const accessToken = textAt(login, 'accessToken')
    say('POST /api/v1/auth/kubernetes-auth/login {identityId, jwt}')
    say(`  → 200 {accessToken: "…", expiresIn: ${String(login['expiresIn'])}, tokenType: "Bearer"}`)
    const workload = createPosternApi(controlPlane.url, accessToken)
    const query = new URLSearchParams({ projectId, environment: 'prod' }).toString()
    const { secret } = expectOk(await workload.get(`/api/v4/secrets/DB_URL?${query}`))
    say('GET /api/v4/secrets/DB_URL?projectId=…&environment=prod with that access token')
    say(`  → 200 "${textAt({ secret }, 'secret.secretValue')}"`)
  })
}

async function beRefused(
  narrator: Narrator,
  controlPlane: ControlPlaneProcess,
  platform: Platform,
  cluster: DemoCluster,
  identityId: string,
): Promise<void> {
  await narrator.step('Another pod of that namespace tries the same', async (say) => {
    const refused = await logIn(controlPlane.url, identityId, await cluster.mintToken(stranger))
    if (refused.status !== 401) throw new Error(`expected a refusal, got ${refused.status}`)
    say(`  → ${refused.status} "${textAt(refused.body, 'message')}"`)
    const requestId = textAt(refused.body, 'reqId')
    const explained = expectOk(await platform.admin.get(`/api/v1/audit-logs/explain/${requestId}`))
    say(
      `The audit log has the whole course under that request id: ${textAt(explained, 'explanation.reason')}`,
    )
    say(textAt(explained, 'explanation.summary'))
    say(textAt(explained, 'explanation.whatToDo'))
  })
}

async function explainWhatIsLeft(
  options: DemoOptions,
  controlPlane: ControlPlaneProcess,
  platform: Platform,
  cluster: DemoCluster,
  { identityId, projectId }: { identityId: string; projectId: string },
): Promise<void> {
  const files = { pod: join(options.folder, 'pod-token'), admin: join(options.folder, 'admin-token') }
  await writeFile(files.pod, await cluster.mintToken(pod), { mode: 0o600 })
  await writeFile(files.admin, platform.adminToken, { mode: 0o600 })
  const { url } = controlPlane
  options.narrator.heading('Still running until Ctrl-C')
  options.narrator.plain(`API, readable:  ${url}/api/docs
Control plane:  ${url}/readyz  ${url}/metrics

Log in as the pod:
  curl -s ${url}/api/v1/auth/kubernetes-auth/login -H 'content-type: application/json' \\
    -d "{\\"identityId\\":\\"${identityId}\\",\\"jwt\\":\\"$(cat ${files.pod})\\"}"

Its secrets, with the access token that it returned in $ACCESS_TOKEN:
  curl -s '${url}/api/v4/secrets?projectId=${projectId}&environment=prod' -H "authorization: Bearer $ACCESS_TOKEN"

The newest audit events, as the administrator:
  curl -s '${url}/api/v1/audit-logs?limit=5' -H "authorization: Bearer $(cat ${files.admin})"

The identity's rules:
  curl -s ${url}/api/v1/auth/kubernetes-auth/identities/${identityId} -H "authorization: Bearer $(cat ${files.admin})"`)
}
