import type { AuditEvent, AuditEventName, JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import { auditActorOf } from '../permissions/actor.ts'
import type { EnteredProject, NamedProject, ProjectAccess } from './project-access.ts'
import type { Project } from './project-store.ts'

export interface ChangeInProjectDependencies {
  access: Pick<ProjectAccess, 'enter' | 'forget'>
  auditLog: AuditLog
  now: () => Date
}

export interface AttemptInProject {
  event: AuditEventName
  details: Readonly<Record<string, JsonValue>>
}

/**
 * Every change within a project: enter it; change, after its own permission; then this process forgets what it knew. An
 * attempt beyond the actor's rights is written down before it is refused.
 */
export async function changeInProject<Result>(
  dependencies: ChangeInProjectDependencies,
  origin: ChangeOrigin,
  named: NamedProject,
  { event, details }: AttemptInProject,
  change: (entered: EnteredProject) => Promise<Result>,
): Promise<Result> {
  const entered = await dependencies.access.enter(origin.actor, named)
  const { project } = entered
  const attempt = { event, details: { ...aboutProject(project), ...details } }
  return orTellDenied(dependencies, origin, attempt, async () => {
    const result = await change(entered)
    dependencies.access.forget(project.id)
    return result
  })
}

/** The row of a change that was made. */
export function eventInProject(
  project: Project,
  { actor, requestId, ipAddress }: ChangeOrigin,
  occurredAt: Date,
  event: AuditEventName,
  details: Readonly<Record<string, JsonValue>> = {},
): AuditEvent {
  return {
    occurredAt,
    organizationId: project.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    projectId: project.id,
    ipAddress,
    details: { ...aboutProject(project), ...details },
  }
}

function aboutProject({ id, name, slug }: Project): Record<string, JsonValue> {
  return { projectId: id, projectName: name, projectSlug: slug }
}

/** The names of what a change names. */
export function changedFields(change: object): string[] {
  return Object.entries(change)
    .filter(([, value]) => value !== undefined)
    .map(([field]) => field)
}
