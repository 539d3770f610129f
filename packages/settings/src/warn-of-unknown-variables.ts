import { nearestName } from './nearest-name.ts'

const prefix = 'POSTERN_'
/** Kubernetes sets these for a Service named `postern…` (service links). */
const serviceLinkPattern = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/
const serviceLinkValuePattern = /^(tcp|udp|sctp):\/\//

/**
 * One sentence for each variable that looks like a setting and is none: a misspelt one would leave its default in force
 * without a word. Values are never repeated.
 */
export function warnOfUnknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): string[] {
  return Object.entries(environment)
    .filter(([name]) => name.startsWith(prefix) && !known.includes(name))
    .filter(([name, value]) => !serviceLinkPattern.test(name) && !serviceLinkValuePattern.test(value ?? ''))
    .map(([name]) => {
      const nearest = nearestName(name, known)
      return nearest === undefined
        ? `${name} is set, and no setting has this name`
        : `${name} is set, and no setting has this name; did you mean ${nearest}?`
    })
}
