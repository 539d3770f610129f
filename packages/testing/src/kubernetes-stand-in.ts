import { randomBytes } from 'node:crypto'
import { createCertificateAuthority, type ServingCertificateOptions } from './certificate-authority.ts'
import { createClusterClient } from './cluster-client.ts'
import { generateServiceAccountKey } from './service-account-token.ts'
import { answerRequest } from './stand-in/answer-request.ts'
import { createTokenAuthenticator } from './stand-in/authenticate-token.ts'
import { createBootstrapRoles } from './stand-in/authorize.ts'
import { answerControlRequest, createControls } from './stand-in/control-request.ts'
import type { MisbehaveOptions, RequestLabel } from './stand-in/misbehaviours.ts'
import { createObjectStore } from './stand-in/object-store.ts'
import { startLeanServer } from './stand-in/lean-server.ts'
import { startStandInServer } from './stand-in/stand-in-server.ts'
import type { StandInState } from './stand-in/stand-in-state.ts'
import type { TestCluster } from './test-cluster.ts'

export interface KubernetesStandInOptions {
  /** By default `https://kubernetes.default.svc.cluster.local`, like most clusters in the world. */
  readonly issuer?: string
  /** The API server's own audiences; by default the issuer alone. */
  readonly audiences?: readonly string[]
  /** Other names, or a certificate that has expired. */
  readonly certificate?: ServingCertificateOptions
  /** Only the answers, no misbehaviour, for two thirds of the CPU: for load. */
  readonly isLean?: boolean
}

/** Speaks the part of the Kubernetes API that logins use, on a real socket, and goes wrong on command. */
export interface KubernetesStandIn extends TestCluster {
  misbehave(options: MisbehaveOptions): void
  /** Ends every misbehaviour; requests that hang go on hanging. */
  behave(): void
  /** How many requests of this kind have arrived, misbehaviours included. */
  received(label: RequestLabel): number
  /** Closes the port and destroys every connection, keeping all objects and keys. */
  stop(): Promise<void>
  /** Listens again on the same port. */
  start(): Promise<void>
  /** PEM (PKCS#8) of the key that signs the accounts' tokens. */
  readonly serviceAccountKey: string
}

export async function startKubernetesStandIn(
  options: KubernetesStandInOptions = {},
): Promise<KubernetesStandIn> {
  const issuer = options.issuer ?? 'https://kubernetes.default.svc.cluster.local'
  const audiences = options.audiences ?? [issuer]
  const authority = await createCertificateAuthority('kubernetes-stand-in')
  const [certificate, key] = await Promise.all([
    authority.issue(options.certificate),
    generateServiceAccountKey(),
  ])
  const adminToken = randomBytes(24).toString('base64url')
  const objects = createObjectStore()
  createBootstrapRoles(objects)
  const authenticateToken = createTokenAuthenticator({
    issuer,
    audiences,
    adminToken,
    publicKey: key.publicKey,
    objects,
  })
  const state: Omit<StandInState, 'url'> = {
    issuer,
    audiences,
    serviceAccountKey: key,
    objects,
    authenticateToken,
  }
  const controls = createControls(adminToken)
  const startServer = options.isLean === true ? startLeanServer : startStandInServer
  const server = await startServer({
    certificate,
    misbehaviour: controls.misbehaviourFor,
    answer: (request) => answerControlRequest(request, controls) ?? answerRequest(request, { ...state, url }),
  })
  const url = `https://127.0.0.1:${server.port}`
  const caCert = authority.certificate
  const described = { name: 'stand-in', url, caCert, adminToken, issuer, audiences }
  return {
    ...createClusterClient({ ...described, serviceAccountKey: key, close: () => server.stop() }),
    serviceAccountKey: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    misbehave: (wanted) => controls.misbehaviours.add(wanted),
    behave: () => controls.misbehaviours.clear(),
    received: (label) => controls.counts.get(label) ?? 0,
    stop: () => server.stop(),
    start: () => server.start(),
  }
}
