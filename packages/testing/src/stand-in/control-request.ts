import { isJsonObject } from '../json-at.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import { createMisbehaviours, type MisbehaveOptions, type Misbehaviours } from './misbehaviours.ts'
import { jsonReply, refusal, type Reply } from './reply.ts'
import { readRequestTarget, targetLabel } from './request-target.ts'
import type { StandInRequest } from './stand-in-state.ts'

export interface Controls {
  readonly adminToken: string
  readonly misbehaviours: Misbehaviours
  /** Requests that have arrived, by label. */
  readonly counts: ReadonlyMap<string, number>
  /** Counts the request, and tells what to do wrong about it, if anything. */
  readonly misbehaviourFor: (request: StandInRequest) => Misbehaviour | undefined
}

export const misbehavioursPath = '/stand-in/misbehaviours'
export const countsPath = '/stand-in/counts'

export function createControls(adminToken: string): Controls {
  const misbehaviours = createMisbehaviours()
  const counts = new Map<string, number>()
  return {
    adminToken,
    misbehaviours,
    counts,
    misbehaviourFor(request) {
      const label = targetLabel(readRequestTarget(request.method, request.path))
      counts.set(label, (counts.get(label) ?? 0) + 1)
      return request.path.startsWith('/stand-in/') ? undefined : misbehaviours.take(label)
    },
  }
}

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
