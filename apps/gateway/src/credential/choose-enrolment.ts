import type { Dispatcher } from 'undici'
import type { GatewayConfig } from '../config.ts'
import { createEnrol, createPodEnrol } from './enrol.ts'
import { createPodTokenEnrolment, createTokenEnrolment, type EnrolmentMethod } from './enrolment-method.ts'
import { readEnrolmentToken } from './read-enrolment-token.ts'

/** As the configuration says: by the pod's own token, or by a single-use one. */
export function chooseEnrolment(
  config: Pick<GatewayConfig, 'controlPlaneOrigin' | 'enrolmentToken' | 'podEnrolment'>,
  dispatcher: Dispatcher,
): EnrolmentMethod {
  const { controlPlaneOrigin, enrolmentToken, podEnrolment } = config
  if (podEnrolment === undefined) {
    const enrol = createEnrol({ controlPlaneOrigin, dispatcher })
    return createTokenEnrolment(enrol, () => readEnrolmentToken(enrolmentToken))
  }
  const { gatewayId } = podEnrolment
  return createPodTokenEnrolment(createPodEnrol({ controlPlaneOrigin, dispatcher, gatewayId }), podEnrolment)
}
