import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { testClusterConformance } from '@postern/testing/test-cluster.conformance'
import { describe, expect, it, vi } from 'vitest'
import { findKubeApiServerAssets } from './kube-apiserver-assets.ts'
import { startKubeApiServer } from './kube-apiserver-cluster.ts'
import { isRunning } from './is-running.ts'
import type { HeldKubeApiServer } from './hold-kube-apiserver.ts'

const assets = findKubeApiServerAssets()
const missing = 'missing' in assets ? assets.missing : undefined
const startWithinMs = 60_000

describe.skipIf(missing !== undefined)(
  `a real API server${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    testClusterConformance('kube-apiserver', () => startKubeApiServer())

    it('is gone after close, with its etcd and its files', { timeout: startWithinMs }, async () => {
      const server = await startKubeApiServer()
      expect(server.processIds.map(isRunning)).toEqual([true, true])
      expect(server.kubeconfig()).toContain(server.url)
      await server.close()
      expect(server.processIds.map(isRunning)).toEqual([false, false])
      expect(existsSync(server.folder)).toBe(false)
      await server.close()
    })

    it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
      'is gone after %s of whoever started it',
      { timeout: startWithinMs },
      async (signal) => {
        const { holder, held } = await holdKubeApiServer()
        expect(held.processIds.map(isRunning)).toEqual([true, true])
        const exited = once(holder, 'exit')
        holder.kill(signal)
        await exited
        await vi.waitFor(() => expect(held.processIds.map(isRunning)).toEqual([false, false]), 10_000)
        await vi.waitFor(() => expect(existsSync(held.folder)).toBe(false), 10_000)
      },
    )

    it('says why it does not start', { timeout: startWithinMs }, async () => {
      const broken = { kubeApiServer: '/bin/false', etcd: '/bin/false' }
      await expect(startKubeApiServer({ assets: broken })).rejects.toThrow(/ended instead of serving/)
    })
  },
)

/** Starts one in another process, which then waits for its end. */
async function holdKubeApiServer() {
  const script = fileURLToPath(new URL('hold-kube-apiserver.ts', import.meta.url))
  const holder = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface({ input: holder.stdout }), 'line')
  const held: HeldKubeApiServer = JSON.parse(String(line))
  return { holder, held }
}
