import { expect, it } from 'vitest'
import type { Credential } from './credential/credential.ts'
import type { CredentialOutcome } from './credential/obtain-credential.ts'
import { createGatewayKey } from './credential/gateway-key.ts'
import { GatewayLifecycle } from './gateway-lifecycle.ts'
import type { Tunnels } from './tunnel/open-tunnels.ts'

const credential: Credential = {
  gatewayId: 'g-1',
  gatewayName: 'eu',
  organizationId: 'o-1',
  keyId: 'k-1',
  privateKey: createGatewayKey(),
  controlPlaneOrigin: 'https://postern.example.com',
}

function createTunnels(closed: string[]): Tunnels {
  const { promise, resolve } = Promise.withResolvers<{ kind: 'closed' }>()
  return {
    states: () => [{ phase: 'connected', since: 0, replicaId: 'r' }],
    sessions: () => [],
    ended: promise,
    async close() {
      closed.push('tunnels')
      resolve({ kind: 'closed' })
    },
  }
}

function createLifecycle(closed: string[]): GatewayLifecycle {
  const lifecycle = new GatewayLifecycle({ warn: () => undefined })
  for (const name of ['opened first', 'opened second']) {
    lifecycle.closeLater({ name, msMax: 1_000, close: async () => closed.push(name) })
  }
  return lifecycle
}

it('closes the tunnels first, while what its reviews need is still there, and then in the reverse order', async () => {
  const closed: string[] = []
  const lifecycle = createLifecycle(closed)
  lifecycle.run({
    keyToReplace: () => undefined,
    obtainCredential: async () => ({ kind: 'credential', credential }),
    openTunnels: () => createTunnels(closed),
  })
  await expect.poll(() => lifecycle.state.phase).toBe('serving')
  await Promise.all([lifecycle.close(), lifecycle.close()])
  expect(closed).toEqual(['tunnels', 'opened second', 'opened first'])
  expect(await lifecycle.ended).toEqual({ kind: 'closed' })
})

it('opens no tunnel with a credential that comes while it is closing', async () => {
  const enrolled = Promise.withResolvers<CredentialOutcome>()
  let opened = 0
  const lifecycle = createLifecycle([])
  lifecycle.run({
    keyToReplace: () => undefined,
    obtainCredential: () => enrolled.promise,
    openTunnels: () => {
      opened += 1
      return createTunnels([])
    },
  })
  const closing = lifecycle.close()
  enrolled.resolve({ kind: 'credential', credential })
  await closing
  expect(lifecycle.stop.signal.aborted).toBe(true)
  expect(opened).toBe(0)
})

it('is not closed while a credential is still being written, though nothing more is asked for', async () => {
  const closed: string[] = []
  const written = Promise.withResolvers<CredentialOutcome>()
  const lifecycle = createLifecycle(closed)
  lifecycle.run({
    keyToReplace: () => undefined,
    obtainCredential: () => written.promise,
    openTunnels: () => createTunnels(closed),
  })
  const closing = lifecycle.close().then(() => closed.push('all'))
  await expect.poll(() => closed).toEqual(['opened second', 'opened first'])
  await new Promise((resolve) => setImmediate(resolve))
  expect(lifecycle.stop.signal.aborted).toBe(true)
  expect(closed).toHaveLength(2)
  written.resolve({ kind: 'stopped' })
  await closing
  expect(closed).toEqual(['opened second', 'opened first', 'all'])
})

it('stays refused, with the remedy, until it is closed', async () => {
  const lifecycle = createLifecycle([])
  lifecycle.run({
    keyToReplace: () => undefined,
    obtainCredential: async () => ({ kind: 'refused', remedy: 'enrol again' }),
    openTunnels: () => createTunnels([]),
  })
  expect(await lifecycle.ended).toEqual({ kind: 'refused', remedy: 'enrol again' })
  expect(lifecycle.state).toEqual({ phase: 'refused', remedy: 'enrol again' })
  await lifecycle.close()
  expect(lifecycle.state).toEqual({ phase: 'closed' })
})

it('tells a bug instead of waiting for ever', async () => {
  const lifecycle = createLifecycle([])
  lifecycle.run({
    keyToReplace: () => undefined,
    obtainCredential: () => Promise.reject(new RangeError('a bug')),
    openTunnels: () => createTunnels([]),
  })
  await expect(lifecycle.ended).rejects.toThrow('a bug')
})

it('enrols again when its key is known no longer and it can, and ends when it cannot', async () => {
  const lifecycle = createLifecycle([])
  const unknown: (string | undefined)[] = []
  const refusal = { code: 'credential-unknown', message: 'unknown', permanent: true }
  lifecycle.run({
    obtainCredential: async (_signal, unknownKeyId) => {
      unknown.push(unknownKeyId)
      return { kind: 'credential', credential }
    },
    openTunnels: () => ({
      ...createTunnels([]),
      ended: Promise.resolve({ kind: 'refused', refusal, remedy: 'enrol it' }),
    }),
    keyToReplace: ({ code }) => (unknown.length < 3 ? `${code} ${unknown.length}` : undefined),
  })
  expect(await lifecycle.ended).toEqual({ kind: 'refused', remedy: 'enrol it' })
  expect(unknown).toEqual([undefined, 'credential-unknown 1', 'credential-unknown 2'])
})

it('closes the tunnels of a key that is known no longer before it enrols again', async () => {
  const steps: string[] = []
  const lifecycle = createLifecycle([])
  const refusal = { code: 'credential-unknown', message: 'unknown', permanent: true }
  lifecycle.run({
    obtainCredential: async () => {
      steps.push('enrolled')
      return { kind: 'credential', credential }
    },
    openTunnels: () => ({
      ...createTunnels(steps),
      ended: Promise.resolve({ kind: 'refused', refusal, remedy: 'enrol it' }),
    }),
    keyToReplace: () => (steps.length < 2 ? 'k-1' : undefined),
  })
  await lifecycle.ended
  expect(steps).toEqual(['enrolled', 'tunnels', 'enrolled'])
})

it('lets the other tunnels drain when one was refused for good', async () => {
  const closed: string[] = []
  const lifecycle = createLifecycle(closed)
  const refusal = { code: 'gateway-revoked', message: 'revoked', permanent: true }
  lifecycle.run({
    obtainCredential: async () => ({ kind: 'credential', credential }),
    openTunnels: () => ({
      ...createTunnels(closed),
      ended: Promise.resolve({ kind: 'refused', refusal, remedy: 'ask' }),
    }),
    keyToReplace: () => undefined,
  })
  await lifecycle.ended
  await lifecycle.close()
  expect(closed).toEqual(['tunnels', 'opened second', 'opened first'])
})
