import {
  type ProjectActionOn,
  type ProjectPlace,
  type ProjectRights,
  projectDenied,
  projectRightsOf,
} from '../permissions/project-rights.ts'

/** One secret's place in its project. */
export interface SecretAddress {
  /** Slug. */
  readonly environment: string
  /** As `joinPath` spells it. */
  readonly secretPath: string
  readonly secretName: string
}

/** What somebody sees of a project's secrets, for as long as a request takes. */
export interface SecretSight {
  can(action: ProjectActionOn<'secrets'>, at: SecretAddress): boolean
  /** Throws PermissionDenied where no secret there, whatever its name, could be read. */
  requireSomethingToRead(at: Omit<SecretAddress, 'secretName'>): void
  /** Throws PermissionDenied where no secret of the project could be read. */
  requireSomethingSomewhere(at: ProjectPlace): void
}

/** Asks the rules once for each folder, where no rule speaks of names. */
export function createSecretSight(rights: ProjectRights): SecretSight {
  const goesByName = rights.roles.some(({ rules }) =>
    rules.some(({ subject, conditions }) => subject === 'secrets' && conditions?.secretName !== undefined),
  )
  const known = new Map<string, boolean>()

  function ofFolder(action: ProjectActionOn<'secrets'>, at: SecretAddress): boolean {
    const key = `${action} ${at.environment} ${at.secretPath}`
    const answer = known.get(key) ?? rights.can(action, 'secrets', at)
    known.set(key, answer)
    return answer
  }

  return {
    can: (action, at) => (goesByName ? rights.can(action, 'secrets', at) : ofFolder(action, at)),
    requireSomethingToRead: ({ environment, secretPath }) => {
      const at = { environment, secretPath }
      const whateverItsName = goesByName ? withoutNames(rights) : rights
      if (!whateverItsName.can('read', 'secrets', at)) throw projectDenied(rights, 'read', 'secrets', at)
    },
    requireSomethingSomewhere: (at) => {
      if (!rights.canSomewhere('read', 'secrets')) throw projectDenied(rights, 'read', 'secrets', at)
    },
  }
}

/** The rules as if every secret had the name that they ask for, and none the name that they except. */
function withoutNames({ roles }: ProjectRights): ProjectRights {
  return projectRightsOf(
    roles.map(({ slug, rules }) => ({
      slug,
      rules: rules
        .filter(({ inverted, conditions }) => inverted !== true || conditions?.secretName === undefined)
        .map(({ subject, action, inverted, conditions }) => {
          const { environment, secretPath } = conditions ?? {}
          return { subject, action, inverted, conditions: { environment, secretPath } }
        }),
    })),
  )
}
