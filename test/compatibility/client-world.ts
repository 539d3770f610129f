import { randomBytes } from 'node:crypto'
import { createTestDatabase } from '../../apps/control-plane/src/database/test/create-test-database.ts'
import { startControlPlane } from '../processes/control-plane-process.ts'
import { bootstrap, createIdentity, type Platform } from '../processes/platform.ts'
import { expectOk, textAt } from '../processes/postern-api.ts'
import { type RawReply, sendRaw } from './send-raw.ts'

/** A machine with Universal Auth that is `admin` of the world's project and nothing in the organization. */
export interface Machine {
  identityId: string
  clientId: string
  clientSecret: string
}

/** A control plane as its own process on PostgreSQL, and what every client needs before it can begin. */
export interface ClientWorld {
  url: string
  platform: Platform
  projectId: string
  projectSlug: string
  machine: Machine
  /** What the control plane printed. */
  output(): string
  /** A request as its bytes stand, to the control plane. */
  send(head: string, body?: object | string): Promise<RawReply>
  close(): Promise<void>
}

export async function createClientWorld(): Promise<ClientWorld> {
  const cleanup = new AsyncDisposableStack()
  try {
    const database = await createTestDatabase()
    cleanup.defer(() => database.close())
    const controlPlane = await startControlPlane({
      databaseUrl: database.url,
      rootKey: randomBytes(32).toString('base64'),
      environment: { POSTERN_LOGINS_PER_MINUTE_PER_IP: '0' },
    })
    cleanup.defer(async () => void (await controlPlane.end()))
    const { url } = controlPlane
    const platform = await bootstrap(url)
    const project = expectOk(
      await platform.admin.post('/api/v2/workspace', { projectName: 'Payments', slug: 'payments-x1' }),
    )
    const projectId = textAt(project, 'project.id')
    const machine = await createMachine(platform, 'reader')
    expectOk(
      await platform.admin.post(`/api/v2/workspace/${projectId}/identity-memberships/${machine.identityId}`, {
        role: 'admin',
      }),
    )
    const all = cleanup.move()
    return {
      url,
      platform,
      projectId,
      projectSlug: textAt(project, 'project.slug'),
      machine,
      output: () => controlPlane.output(),
      send: (head, body) => sendRaw(url, head, typeof body === 'object' ? JSON.stringify(body) : body),
      close: () => all.disposeAsync(),
    }
  } catch (error) {
    await cleanup.disposeAsync()
    throw error
  }
}

/** A new identity with a client secret for the Universal Auth that it came with; its tokens may be renewed. */
export async function createMachine(platform: Platform, name: string, role = 'no-access'): Promise<Machine> {
  const identityId = await createIdentity(platform, name, role)
  const root = `/api/v1/auth/universal-auth/identities/${identityId}`
  const lifetimes = { accessTokenTTL: 3600, accessTokenMaxTTL: 86_400 }
  const settings = expectOk(await platform.admin.patch(root, lifetimes))
  const clientId = textAt(settings, 'identityUniversalAuth.clientId')
  const created = expectOk(
    await platform.admin.post(`${root}/client-secrets`, { description: 'compatibility' }),
  )
  return { identityId, clientId, clientSecret: textAt(created, 'clientSecret') }
}
