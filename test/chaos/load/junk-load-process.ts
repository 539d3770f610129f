// Logins that cannot succeed, from a process of their own, which makes room for what is measured: strangers have machines
// of their own. Arguments: the control plane's URL, the identity's id, how many a second. Sends 'started'; on any message
// stops and sends how many answers there were by status. Ends when its parent is gone.
import { constants, setPriority } from 'node:os'
import { type HttpCaller, openHttpCaller, prepareHttpPost } from '../../bench/http-caller.ts'
import { makeJunkTokens } from './junk-tokens.ts'
import { startOpenLoop } from './open-loop.ts'
import type { JunkAnswers } from './start-junk-load.ts'

const [url = '', identityId = '', perSecond = ''] = process.argv.slice(2)
const requests = makeJunkTokens(1_000).map((jwt) =>
  prepareHttpPost(url, '/api/v1/auth/kubernetes-auth/login', {}, JSON.stringify({ identityId, jwt })),
)
const idle: HttpCaller[] = []
const none = Buffer.alloc(0)

setPriority(constants.priority.PRIORITY_LOW)
const load = startOpenLoop({
  perSecond: Number(perSecond),
  async call(index) {
    const caller = idle.pop() ?? (await openHttpCaller(url))
    const status = await caller.call(requests[index % requests.length] ?? none)
    idle.push(caller)
    return status
  },
})

async function stop(): Promise<void> {
  const answers: JunkAnswers = {}
  for (const { outcome } of await load.stop()) answers[outcome] = (answers[outcome] ?? 0) + 1
  process.send?.(answers)
}

process.once('message', () => void stop())
process.once('disconnect', () => process.exit(0))
process.send?.('started')
