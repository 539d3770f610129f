import { z } from 'zod'
import { explainedStep } from './audit-logs.ts'
import { singleLine } from './text.ts'

/** Characters of a service-account token at most; real ones have 900 to 1,500. */
export const serviceAccountTokenCharactersMax = 8192

export const kubernetesLoginRequest = z
  .object({
    identityId: z.string().min(1).max(128).describe('The identity to log in to'),
    jwt: z
      .string()
      .trim()
      .min(1)
      .max(serviceAccountTokenCharactersMax)
      .describe(
        'The service-account token: the content of the projected token file, a final newline included',
      ),
    organizationSlug: z
      .string()
      .max(64)
      .nullish()
      .describe('If given, the identity must belong to this organization'),
  })
  .meta({ description: 'A login of a workload that runs in Kubernetes' })

export type KubernetesLoginRequest = z.output<typeof kubernetesLoginRequest>

const serviceAccountPart = singleLine(253).min(1)

export const simulateKubernetesLoginRequest = z
  .object({
    namespace: serviceAccountPart.describe('Of the service account'),
    name: serviceAccountPart.describe('Of the service account'),
    audiences: z
      .array(singleLine(256).min(1))
      .max(32)
      .default([])
      .describe('Those that its token is for; left out: the API server’s own alone'),
    clientIp: singleLine(64).min(1).optional().describe('Where the access token is to be used from'),
    clusterVouches: z
      .boolean()
      .default(true)
      .describe('Whether to assume that the cluster vouches for the token: nobody is asked'),
  })
  .meta({ description: 'A login of a service account that does not take place' })

export const kubernetesLoginSimulation = z.object({
  isAllowed: z.boolean(),
  reason: z.string().nullable().describe('Why not; as in the audit log'),
  whatToDo: z.string().nullable(),
  steps: z.array(explainedStep.omit({ durationMs: true })).describe('In the order in which they are taken'),
  accessToken: z
    .object({
      expiresIn: z.int().describe('Seconds'),
      accessTokenMaxTTL: z.int().describe('Seconds; 1000000000 if unlimited'),
      accessTokenNumUsesLimit: z.int().describe('0: any number'),
      accessTokenTrustedIps: z.array(z.string()),
      isClientIpTrusted: z.boolean().nullable().describe('Null where no address was given'),
    })
    .describe('What a login that is allowed leads to'),
  identity: z.object({ id: z.string(), name: z.string(), role: z.string() }),
  rights: z
    .array(z.object({ subject: z.string(), action: z.array(z.string()) }))
    .describe('What the identity’s role gives in the organization'),
})
export const simulateKubernetesLoginReply = z.object({ simulation: kubernetesLoginSimulation })

export type SimulateKubernetesLoginRequest = z.output<typeof simulateKubernetesLoginRequest>
export type KubernetesLoginSimulation = z.output<typeof kubernetesLoginSimulation>
