/**
 * Why the process cannot start, for the operator: what is wrong and the remedy, in plain words and without secrets.
 * `main.ts` prints the message alone (no stack) and exits with 1.
 */
export class StartupProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartupProblem'
  }
}
