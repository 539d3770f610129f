import { isJsonObject } from '../json-at.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { MisbehaveOptions, Misbehaviours } from './misbehaviours.ts'
import { jsonReply, refusal, type Reply } from './reply.ts'
import type { StandInRequest } from './stand-in-state.ts'

export interface Controls {
  readonly adminToken: string
  readonly misbehaviours: Misbehaviours
  readonly counts: ReadonlyMap<string, number>
}

export const misbehavioursPath = '/stand-in/misbehaviours'
export const countsPath = '/stand-in/counts'

/**
 * What no Kubernetes has: the commands of a test to a stand-in in another process. Undefined for any other request.
 */
export function answerControlRequest(request: StandInRequest, controls: Controls): Reply | undefined {
  if (!request.path.startsWith('/stand-in/')) return undefined
  if (request.authorization !== `Bearer ${controls.adminToken}`)
    return refusal('Unauthorized', 'Unauthorized')
  if (request.path === countsPath) return jsonReply(200, Object.fromEntries(controls.counts))
  if (request.path !== misbehavioursPath) return refusal('NotFound', 'no such command')
  if (request.method === 'DELETE') {
    controls.misbehaviours.clear()
    return jsonReply(200, {})
  }
  const wanted: unknown = JSON.parse(request.body)
  if (!isMisbehaveOptions(wanted)) return refusal('BadRequest', 'not the options of misbehave()')
  controls.misbehaviours.add(wanted)
  return jsonReply(200, {})
}

function isMisbehaveOptions(value: unknown): value is MisbehaveOptions & { how: Misbehaviour } {
  return isJsonObject(value) && typeof value['on'] === 'string' && isJsonObject(value['how'])
}
