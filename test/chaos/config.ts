/** What of the environment an experiment uses. */
export interface ChaosEnvironment {
  /** A PostgreSQL server whose role may create databases; without it each run starts its own. */
  readonly postgresUrl: string | undefined
  /** A cluster that `--all` started for all its experiments: a ClusterHandover as JSON. */
  readonly cluster: string | undefined
}

export const postgresVariable = 'POSTERN_TEST_DATABASE_URL'
export const clusterVariable = 'POSTERN_CHAOS_CLUSTER'

export function readChaosEnvironment(environment: NodeJS.ProcessEnv = process.env): ChaosEnvironment {
  return {
    postgresUrl: environment[postgresVariable] || undefined,
    cluster: environment[clusterVariable] || undefined,
  }
}
