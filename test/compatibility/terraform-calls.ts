import type { ClientWorld } from './client-world.ts'
import { textOf } from './reading.ts'
import type { RawReply } from './send-raw.ts'

export interface TerraformCalls {
  /** As the administrator, unless another token is given. */
  readonly send: (method: string, path: string, body?: object, token?: string) => Promise<RawReply>
  /** Its id. */
  readonly createIdentity: (name: string) => Promise<string>
}

/** Requests as the Terraform provider writes them. */
export function createTerraformCalls(worldOf: () => ClientWorld): TerraformCalls {
  const send: TerraformCalls['send'] = (method, path, body, token = worldOf().platform.adminToken) =>
    worldOf().send(
      `${method} ${path} HTTP/1.1
       User-Agent: terraform
       Accept: application/json
       Authorization: Bearer ${token}
       ${body === undefined ? '' : 'Content-Type: application/json'}`,
      body,
    )
  return {
    send,
    createIdentity: async (name) => {
      const { organizationId } = worldOf().platform
      const body = { name, hasDeleteProtection: false, organizationId, role: 'no-access' }
      return textOf(await send('POST', '/api/v1/identities', body), 'identity.id')
    },
  }
}
