import { describeClockOffset, remedyForRefusal } from './explain-failure.ts'
import type { RoundOutcome } from './outcome.ts'
import type { TunnelTrouble } from './tunnel-state.ts'

/** An unhappy outcome as an operator reads it. */
export function describeTrouble(
  outcome: Exclude<RoundOutcome, { kind: 'stopped' | 'relief' }>,
): Omit<TunnelTrouble, 'at'> {
  switch (outcome.kind) {
    case 'unreachable':
      return { code: outcome.hop, detail: outcome.detail, remedy: outcome.remedy }
    case 'refused': {
      const { code, message } = outcome.refusal
      return { code, detail: message, remedy: remedyForRefusal(outcome.refusal) }
    }
    case 'key-replaced': {
      const { code, message } = outcome.refusal
      return { code, detail: message, remedy: 'the gateway has another key, and dials again with that' }
    }
    case 'clock-off': {
      const detail = describeClockOffset(outcome.offsetMs)
      return {
        code: 'clock-off',
        detail,
        remedy: "the gateway uses the control plane's time until the clock is right",
      }
    }
    case 'served':
      return describeEnd(outcome.end)
    default:
      return outcome satisfies never
  }
}

function describeEnd(end: Extract<RoundOutcome, { kind: 'served' }>['end']): Omit<TunnelTrouble, 'at'> {
  switch (end.kind) {
    case 'lost':
      return { code: 'lost', detail: end.detail, remedy: 'the gateway dials again' }
    case 'told-to-leave':
      return {
        code: end.code,
        detail: end.reason === '' ? `the control plane ended the tunnel: ${end.code}` : end.reason,
        remedy:
          end.code === 'replaced'
            ? 'another process has the same instance id: two copies of one running process (a restored checkpoint, a cloned virtual machine) take turns instead of working side by side; restart one of them'
            : 'the gateway dials again',
      }
    case 'malformed-frame':
      return {
        code: 'malformed-frame',
        detail: end.reason,
        remedy: 'gateway and control plane do not understand each other: bring them to versions that do',
      }
    default:
      return end satisfies never
  }
}
