import { z } from 'zod'

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
