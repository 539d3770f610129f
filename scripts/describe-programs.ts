import type { findKubeApiServerAssets } from '@postern/test/kubernetes/assets'
import type { findReplicaPrograms } from '@postern/test/processes/installed-programs'

/** What tests can use where it is there, and are skipped without. */
export interface ProgramsHere {
  /** Of POSTERN_TEST_DATABASE_URL. */
  databaseUrl: string | undefined
  kubernetes: ReturnType<typeof findKubeApiServerAssets>
  replicas: ReturnType<typeof findReplicaPrograms>
  isRoot: boolean
}

/** A line for each that tests of these projects can use; where it is missing, the command that makes them run. */
export function describePrograms(projects: readonly string[], here: ProgramsHere): string[] {
  const has = (...names: string[]): boolean => names.some((name) => projects.includes(name))
  return [
    ...(has('integration', 'kubernetes', 'compatibility') ? [describeDatabase(here)] : []),
    ...(has('kubernetes') ? [describeKubernetes(here)] : []),
    ...(has('integration', 'kubernetes') ? [describeReplicas(here)] : []),
    ...(has('integration') && !here.isRoot
      ? ['PostgreSQL as root: Not run: its tests. To run them: sudo pnpm test postgres-account']
      : []),
  ]
}

function describeDatabase({ databaseUrl }: ProgramsHere): string {
  return databaseUrl === undefined
    ? 'PostgreSQL: the embedded one (POSTERN_TEST_DATABASE_URL names another)'
    : 'PostgreSQL: the server of POSTERN_TEST_DATABASE_URL'
}

function describeKubernetes({ kubernetes }: ProgramsHere): string {
  return 'missing' in kubernetes
    ? `Kubernetes: the stand-in only. Not run: the tests on a real API server. ${kubernetes.missing}`
    : `Kubernetes: the stand-in, and a real API server for the tests that start one (${kubernetes.kubeApiServer})`
}

function describeReplicas({ replicas }: ProgramsHere): string {
  return 'missing' in replicas
    ? `Several replicas: Not run: the tests that need what is not installed. To run them: ${replicas.missing}`
    : `Several replicas: nats-server and nginx are installed (${replicas.natsServer}, ${replicas.nginx})`
}
