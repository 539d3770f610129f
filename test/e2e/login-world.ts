import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import type { TestCluster } from '@postern/testing/test-cluster'
import type { ControlPlaneProcess } from '../processes/control-plane-process.ts'
import { startGateway, type GatewayOptions, type GatewayProcess } from '../processes/gateway-process.ts'
import { bootstrap, createGateway, type Platform } from '../processes/platform.ts'
import { expectOk, textAt, type JsonObject } from '../processes/postern-api.ts'
import type { ClusterKind } from './clusters.ts'
import { startTestControlPlane } from './test-control-plane.ts'

/** A cluster with a gateway in it, and the control plane that the gateway dials: each part its own process. */
export interface LoginWorld {
  cluster: TestCluster
  controlPlane: ControlPlaneProcess
  /** What it printed, also before it was started again. */
  controlPlaneOutput(): string
  platform: Platform
  gatewayId: string
  gateway: GatewayProcess
  /** Used up by the gateway. */
  enrolmentToken: string
  /** To start the gateway again; without an enrolment token, since it has its credential. */
  gatewayOptions: GatewayOptions
  /** As `kill -9` does; `restartControlPlane` brings it back on the same port and database. */
  killControlPlane(): Promise<void>
  restartControlPlane(): Promise<void>
  close(): Promise<void>
}

export const gatewayAccount = { namespace: 'postern', name: 'postern-gateway' }

/** @param environment more of it, for the control plane and for the gateway */
export async function createLoginWorld(
  kind: Pick<ClusterKind, 'start'>,
  environment: Record<string, string> = {},
): Promise<LoginWorld> {
  const cleanup = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'postern-e2e-'))
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    const [cluster, controlPlane] = await Promise.all([
      kind.start(),
      startTestControlPlane(folder, environment),
    ])
    cleanup.defer(() => cluster.close())
    cleanup.defer(() => controlPlane.close())
    const platform = await bootstrap(controlPlane.process.url)
    const { gatewayId, enrolmentToken } = await createGateway(platform, 'cluster-1')
    await cluster.createServiceAccount(gatewayAccount.namespace, gatewayAccount.name)
    await cluster.grantTokenReview(gatewayAccount.namespace, gatewayAccount.name)
    const mounted = await createServiceAccountFolder({
      cluster,
      ...gatewayAccount,
      path: join(folder, 'mounted'),
    })
    const gatewayOptions = {
      controlPlaneUrl: controlPlane.process.url,
      kubernetesUrl: cluster.url,
      serviceAccountFolder: mounted.path,
      credential: `file:${join(folder, 'gateway', 'credential.json')}`,
      environment,
    }
    const gateway = await startGateway({ ...gatewayOptions, enrolmentToken })
    cleanup.defer(async () => void (await gateway.end()))
    const all = cleanup.move()
    return {
      cluster,
      controlPlane: controlPlane.process,
      controlPlaneOutput: () => controlPlane.output(),
      platform,
      gatewayId,
      gateway,
      enrolmentToken,
      gatewayOptions,
      killControlPlane: () => controlPlane.kill(),
      restartControlPlane: () => controlPlane.restart(),
      close: () => all.disposeAsync(),
    }
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}

/** The audit event of a request, as the administrator reads it. */
export async function readAuditEvent(platform: Platform, requestId: string): Promise<JsonObject> {
  const body = expectOk(
    await platform.admin.get(`/api/v1/audit-logs?requestId=${encodeURIComponent(requestId)}`),
  )
  const events = body['auditLogs']
  if (!Array.isArray(events) || events.length !== 1) {
    throw new Error(`expected one audit event of request ${requestId}, got ${JSON.stringify(events)}`)
  }
  return events[0] as JsonObject
}

/** The reason that the audit log gives for a refused login's reply. */
export async function readReason(platform: Platform, reply: { body: JsonObject }): Promise<string> {
  const event = await readAuditEvent(platform, textAt(reply.body, 'reqId'))
  if (event['event'] !== 'kubernetes-login')
    throw new Error(`expected a login's event: ${JSON.stringify(event)}`)
  return textAt(event, 'reason')
}
