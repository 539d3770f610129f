import { expect, it } from 'vitest'
import { authenticateUpgrade } from './authenticate-upgrade.ts'

const dial = { bearer: 'a.b.c', nowMs: 0 }
const refusal = { status: 401, code: 'credential-unknown', message: 'Enrol anew', permanent: true }

function proofOf(answer: typeof refusal & { isProven?: boolean }) {
  return authenticateUpgrade(
    {
      authenticateGateway: () => Promise.resolve({ ok: false as const, ...answer }),
      log: { error: () => undefined },
    },
    dial,
    new AbortController().signal,
  )
}

it('a dial with a key that is not ours counts against its address', async () => {
  expect(await proofOf({ ...refusal, isProven: false })).toMatchObject({ proof: 'none' })
  expect(await proofOf(refusal)).toMatchObject({ proof: 'none' })
})

it('one with a key that was replaced does not: its pods enrol anew from the same address', async () => {
  expect(await proofOf({ ...refusal, isProven: true })).toMatchObject({ proof: 'unclear' })
})
