import {
  ApiException,
  CoreV1Api,
  createConfiguration,
  PatchStrategy,
  ResponseContext,
  ServerConfiguration,
  setHeaderOptions,
  wrapHttpLibrary,
  type HttpLibrary,
} from '@kubernetes/client-node'
import type { ApiServerConnection } from '../api-server/api-server-connection.ts'
import { ServiceAccountUnreadable } from '../api-server/service-account-folder.ts'
import { CredentialStoreError, type CredentialStore } from './credential-store.ts'
import { readCredentialText, writeCredentialText } from './credential-text.ts'

/** The key inside of the Secret. */
const entry = 'credential.json'
const requestMsMax = 10_000

export interface SecretCredentialStoreOptions {
  connection: Pick<ApiServerConnection, 'url' | 'send'>
  namespace: string
  name: string
}

/** One Secret, made empty by the manifest: read, and patched at the revision that was read. No other right is needed. */
export function createSecretCredentialStore(options: SecretCredentialStoreOptions): CredentialStore {
  const { connection, namespace, name } = options
  const place = `the Secret ${namespace}/${name}`
  const api = new CoreV1Api(
    createConfiguration({
      baseServer: new ServerConfiguration(connection.url, {}),
      httpApi: sendThrough(connection),
    }),
  )
  return {
    place,
    async read() {
      try {
        const secret = await api.readNamespacedSecret({ namespace, name })
        const revision = secret.metadata?.resourceVersion ?? ''
        const encoded = secret.data?.[entry]
        if (encoded === undefined || encoded === '') return { record: undefined, revision }
        const record = readCredentialText(Buffer.from(encoded, 'base64').toString('utf8'))
        if (record !== undefined) return { record, revision }
      } catch (error) {
        throw secretError(place, error)
      }
      throw new CredentialStoreError(
        `${place} holds a ${entry} that is no credential: remove that entry, then enrol with a new enrolment token`,
        { isPassing: false },
      )
    },
    async write(record, revision) {
      const text = Buffer.from(writeCredentialText(record)).toString('base64')
      // A merge patch that names a resourceVersion is refused with 409 once the Secret has another one.
      const body = { metadata: { resourceVersion: revision }, data: { [entry]: text } }
      try {
        await api.patchNamespacedSecret(
          { namespace, name, body },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        )
        return 'written'
      } catch (error) {
        if (error instanceof ApiException && error.code === 409) return 'conflict'
        throw secretError(place, error)
      }
    },
  }
}

function sendThrough(connection: Pick<ApiServerConnection, 'send'>): HttpLibrary {
  return wrapHttpLibrary({
    async send(context) {
      const { pathname, search } = new URL(context.getUrl())
      const body = context.getBody()
      const outcome = await connection.send(
        {
          method: context.getHttpMethod() === 'PATCH' ? 'PATCH' : 'GET',
          path: pathname + search,
          headers: context.getHeaders(),
          ...(typeof body === 'string' ? { body } : {}),
        },
        { timeoutMs: requestMsMax },
      )
      if (outcome.kind === 'failure') {
        throw new CredentialStoreError(`the API server gives no answer: ${outcome.detail}`, {
          isPassing: true,
        })
      }
      const answered = outcome.body
      return new ResponseContext(
        outcome.status,
        { 'content-type': 'application/json' },
        { text: async () => answered, binary: async () => Buffer.from(answered), stream: () => null },
      )
    },
  })
}

/** By status alone: the text of an ApiException holds the whole answer. */
function secretError(place: string, error: unknown): CredentialStoreError {
  if (error instanceof CredentialStoreError) return error
  if (error instanceof ServiceAccountUnreadable)
    return new CredentialStoreError(error.message, { isPassing: false })
  const status = error instanceof ApiException ? error.code : undefined
  const remedy = status === undefined ? undefined : remedies.get(status)
  if (remedy !== undefined) return new CredentialStoreError(`${place} ${remedy}`, { isPassing: false })
  const what = status === undefined ? 'with something that is no Secret' : `with status ${status}`
  return new CredentialStoreError(`${place}: the API server answers ${what}`, { isPassing: true })
}

const remedies = new Map([
  [403, 'may not be read and patched: apply the Role and RoleBinding of deploy/kubernetes/gateway.yaml'],
  [404, 'does not exist: apply deploy/kubernetes/gateway.yaml, which makes it empty'],
])
