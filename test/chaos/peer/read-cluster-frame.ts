import type { ClusterFrame } from '@postern/protocol'
import { ApiServerConnection } from '../../../apps/gateway/src/api-server/api-server-connection.ts'
import { createReadCluster } from '../../../apps/gateway/src/api-server/read-cluster.ts'
import { ServiceAccountFolder } from '../../../apps/gateway/src/api-server/service-account-folder.ts'

/** What a gateway with this service account reports of its cluster: without it no pool takes it in. */
export async function readClusterFrame(
  kubernetesUrl: string,
  serviceAccountFolder: string,
): Promise<ClusterFrame> {
  const now = (): number => performance.now()
  const account = new ServiceAccountFolder({ path: serviceAccountFolder, now, onUnreadable: () => undefined })
  const connection = new ApiServerConnection({ url: kubernetesUrl, account, now })
  try {
    const { cluster } = await createReadCluster({ connection, account })()
    return { kind: 'cluster', ...cluster }
  } finally {
    await connection.close(0)
  }
}
