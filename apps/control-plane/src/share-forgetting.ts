import type { PoolDirectory } from './gateway-pools/pool-directory.ts'
import type { Keyring } from './keyring/keyring.ts'
import type { ChangeNotices } from './replicas/change-notices.ts'

// What is forgotten here after a change is forgotten by every other replica, too.

export function poolDirectoryOfAll(directory: PoolDirectory, notices: ChangeNotices): PoolDirectory {
  return {
    ...directory,
    forget: notices.share('gateway-pool', (gatewayPoolId: string) => directory.forget(gatewayPoolId)),
    forgetOrganization: notices.share('gateway-pools-of-organization', (organizationId: string) =>
      directory.forgetOrganization(organizationId),
    ),
  }
}

export function keyringOfAll(keyring: Keyring, notices: ChangeNotices): Keyring {
  return {
    ...keyring,
    forgetKeysOf: notices.share('organization-keys', (organizationId: string) =>
      keyring.forgetKeysOf(organizationId),
    ),
  }
}
