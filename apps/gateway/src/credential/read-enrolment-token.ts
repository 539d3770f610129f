import { readFile } from 'node:fs/promises'
import type { EnrolmentTokenSource } from '../config.ts'
import { EnrolmentTokenUnreadable } from './enrolment-method.ts'

/** A file that is missing or empty counts as no token: an optional Secret volume of a gateway that is enrolled. */
export async function readEnrolmentToken(
  source: EnrolmentTokenSource | undefined,
): Promise<string | undefined> {
  if (source === undefined) return undefined
  const text = source.kind === 'text' ? source.token.reveal() : await readTokenFile(source.path)
  const token = text.trim()
  if (token === '') return undefined
  if (token.length <= 1024 && /^[\x21-\x7e]+$/.test(token)) return token
  throw new EnrolmentTokenUnreadable(
    'the enrolment token holds spaces or other characters that no token has: set it again, exactly as it was shown',
  )
}

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT') return ''
    throw new EnrolmentTokenUnreadable(
      `POSTERN_ENROLMENT_TOKEN_FILE: ${path} cannot be read (${code}): make it readable for the gateway's user`,
    )
  }
}
