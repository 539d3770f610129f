import type { ValidationIssue } from '@postern/api-contract/error-envelope'
import { ApiError } from './api-error.ts'

const issuesMax = 20
const pathPartCharactersMax = 64

/** What a zod issue has; its other members may hold what was received, so they are dropped. */
interface RawIssue {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** A request whose shape is wrong: 422, with one issue for each field. */
export class ValidationFailure extends ApiError {
  readonly issues: readonly ValidationIssue[]

  constructor(issues: readonly RawIssue[]) {
    super('ValidationFailure', 'The request is not valid')
    this.name = 'ValidationFailure'
    this.issues = issues.slice(0, issuesMax).map(({ code, path, message }) => ({
      code,
      path: path.map((part) =>
        typeof part === 'number' ? part : String(part).slice(0, pathPartCharactersMax),
      ),
      // This one message of zod's quotes keys that were received.
      message: code === 'unrecognized_keys' ? 'Unknown key' : message,
    }))
  }
}

/** For rules that a schema cannot say: `invalidField('kubernetesHost', 'is required in mode api')`. */
export function invalidField(field: string, message: string): ValidationFailure {
  return new ValidationFailure([{ code: 'custom', path: field.split('.'), message }])
}
