import { isJsonObject, type JsonObject } from '../json-at.ts'
import { refusal, type Reply } from './reply.ts'
import type { StandInRequest } from './stand-in-state.ts'

export type ReadBody = { readonly object: JsonObject } | { readonly refused: Reply }

/** Reads the JSON object of a create request that must be of `kind`; the kind may be left out, as it may be in Kubernetes. */
export function readBody(request: StandInRequest, kind: string): ReadBody {
  const contentType = request.contentType?.split(';', 1)[0]?.trim() ?? 'application/json'
  if (contentType !== 'application/json') {
    const message =
      'the body of the request was in an unknown format - accepted media types include: application/json'
    return { refused: refusal('UnsupportedMediaType', message) }
  }
  const object = parsedObject(request.body)
  if (object === undefined) {
    return { refused: refusal('BadRequest', `the object provided is unrecognized (must be of type ${kind})`) }
  }
  if (object['kind'] !== undefined && object['kind'] !== kind) {
    return {
      refused: refusal('BadRequest', `${JSON.stringify(object['kind'])} cannot be handled as a ${kind}`),
    }
  }
  return { object }
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return isJsonObject(json) ? json : undefined
  } catch {
    // Refused as the API server refuses it, by the caller.
    return undefined
  }
}
