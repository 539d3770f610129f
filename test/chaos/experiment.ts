/** How long and how large: `quick` takes some 25 s and is for each change, `full` is what the property says. */
export type ExperimentSize = 'quick' | 'full'

export interface Finding {
  /** Figures with their unit in the name: `noticedMs`, `failedLogins`. */
  measured: Record<string, unknown>
  ok: boolean
}

/** One property of the tunnel, driven against the running program. */
export interface Experiment {
  /** As the specification numbers it: `P3`. */
  name: string
  /** What must hold, with its number. */
  asked: string
  /** It waits most of the time, and no limit of it is less than seconds: another such one may run beside it. */
  mostlyWaits?: true
  /** The command that installs what it needs and this machine has not; undefined: nothing is missing. */
  missing?(): string | undefined
  /**
   * Starts what it needs on loopback and ends it, also when it throws.
   * @param say progress for the person who waits
   */
  run(size: ExperimentSize, say: (line: string) => void): Promise<Finding>
}

/** What an experiment that ended prints. */
export interface ExperimentLine extends Finding {
  chaos: string
  asked: string
}
