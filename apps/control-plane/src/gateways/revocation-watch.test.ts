import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { startHeartbeatRecorder } from './heartbeat-recorder.ts'
import { revocationCheckIntervalMs, startRevocationWatch } from './revocation-watch.ts'

const now = (): Date => new Date('2026-11-22T12:00:00Z')
const one = { gatewayId: 'g1', keyId: 'k1' }
const two = { gatewayId: 'g2', keyId: 'k2' }

/** Each round lasts as long as the test wants: `sleep` resolves when the test ends it. */
function createRounds() {
  let wake: (() => void) | undefined
  const asked: number[] = []
  return {
    asked,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        asked.push(ms)
        wake = resolve
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      }),
    next: async () => {
      wake?.()
      await sleep(0)
    },
  }
}

it('T49 closes by gateway and key what another replica revoked, within two seconds', async () => {
  const rounds = createRounds()
  const closeTunnelsOf = vi.fn<(gatewayId: string, reason: string, keyIds?: ReadonlySet<string>) => void>()
  let revoked = [
    { ...one, isReplaced: false },
    { ...two, isReplaced: true },
  ]
  const watch = startRevocationWatch({
    credentials: { findRevokedAmong: async () => revoked },
    tunnels: { closeTunnelsOf, connectedCredentials: () => [one, two, two] },
    logger: { warn: () => undefined },
    now,
    sleep: rounds.sleep,
  })
  await rounds.next()
  expect(closeTunnelsOf.mock.calls).toEqual([
    ['g1', 'gateway-revoked', new Set(['k1'])],
    ['g2', 'credential-replaced', new Set(['k2'])],
  ])
  revoked = []
  await rounds.next()
  expect(closeTunnelsOf).toHaveBeenCalledTimes(2)
  expect(rounds.asked).toEqual([800, 800, 800])
  expect(revocationCheckIntervalMs).toBeLessThan(1000)
  await watch.close()
})

it('checks at once when another replica says that it revoked something, however many say so', async () => {
  const rounds = createRounds()
  const answers: (() => void)[] = []
  let isEnded = false
  const watch = startRevocationWatch({
    credentials: {
      findRevokedAmong: () =>
        new Promise((resolve) => {
          answers.push(() => resolve([]))
        }),
    },
    tunnels: { closeTunnelsOf: () => undefined, connectedCredentials: () => [one] },
    logger: { warn: () => undefined },
    now,
    sleep: rounds.sleep,
  })
  for (let count = 0; count < 10; count += 1) watch.checkNow()
  expect(answers).toHaveLength(1)
  // What was revoked after the first question may have come too late for its answer.
  answers[0]?.()
  await sleep(0)
  expect(answers).toHaveLength(2)
  const ended = watch.close().then(() => (isEnded = true))
  await sleep(0)
  expect(isEnded).toBe(false)
  answers[1]?.()
  await ended
  expect(answers).toHaveLength(2)
})

it('asks nobody while nothing is connected', async () => {
  const rounds = createRounds()
  const findRevokedAmong = vi.fn<() => Promise<never[]>>(async () => [])
  const watch = startRevocationWatch({
    credentials: { findRevokedAmong },
    tunnels: { closeTunnelsOf: () => undefined, connectedCredentials: () => [] },
    logger: { warn: () => undefined },
    now,
    sleep: rounds.sleep,
  })
  await rounds.next()
  await watch.close()
  expect(findRevokedAmong).not.toHaveBeenCalled()
})

it('says that a check failed, and checks again', async () => {
  const rounds = createRounds()
  const warn = vi.fn<(fields: Record<string, unknown>, message: string) => void>()
  const closed: string[] = []
  let isBroken = true
  const watch = startRevocationWatch({
    credentials: {
      findRevokedAmong: async () => {
        if (isBroken) throw new Error('the database is away')
        return [{ ...two, isReplaced: false }]
      },
    },
    tunnels: { closeTunnelsOf: (gatewayId) => closed.push(gatewayId), connectedCredentials: () => [two] },
    logger: { warn },
    now,
    sleep: rounds.sleep,
  })
  await rounds.next()
  expect(warn).toHaveBeenCalledTimes(1)
  isBroken = false
  await rounds.next()
  expect(closed).toEqual(['g2'])
  await watch.close()
})

it('closes while it waits, without a warning, on the real clock', async () => {
  const warn = vi.fn<(fields: Record<string, unknown>, message: string) => void>()
  const watch = startRevocationWatch({
    credentials: { findRevokedAmong: async () => [] },
    tunnels: { closeTunnelsOf: () => undefined, connectedCredentials: () => [] },
    logger: { warn },
    now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  await watch.close()
  expect(warn).not.toHaveBeenCalled()
})

it('records each connected gateway once a round', async () => {
  const rounds = createRounds()
  const recordConnected = vi.fn<(gatewayIds: readonly string[], at: Date) => Promise<void>>(
    async () => undefined,
  )
  const recorder = startHeartbeatRecorder({
    gateways: { recordConnected },
    tunnels: { connectedCredentials: () => [one, two, two] },
    logger: { warn: () => undefined },
    now,
    sleep: rounds.sleep,
  })
  await rounds.next()
  await recorder.close()
  expect(recordConnected.mock.calls).toEqual([[['g1', 'g2'], now()]])
})
