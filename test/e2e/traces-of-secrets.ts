/** Short enough to find a piece, long enough that no other text has the same by chance. */
const traceLength = 16

/**
 * The names of the secrets of which any 16 characters in a row stand in the text, as they are, or in hexadecimal or
 * base64. The header of a JWT is no secret: tokens share it.
 */
export function findTraces(text: string, secrets: ReadonlyMap<string, string>): string[] {
  const inText = new Set(windowsOf(text))
  return [...secrets].flatMap(([name, secret]) =>
    formsOf(secret).some((form) => windowsOf(form).some((window) => inText.has(window))) ? [name] : [],
  )
}

function formsOf(secret: string): string[] {
  return randomPartsOf(secret).flatMap((part) => {
    const text = Buffer.from(part)
    const decoded = Buffer.from(part, 'base64url')
    return [
      part,
      text.toString('hex'),
      text.toString('base64'),
      decoded.toString('hex'),
      decoded.toString('base64'),
    ]
  })
}

function randomPartsOf(secret: string): string[] {
  const parts = secret.split('.')
  return parts.length === 3 ? parts.slice(1) : parts
}

function windowsOf(text: string): string[] {
  return Array.from({ length: Math.max(0, text.length - traceLength + 1) }, (_, at) =>
    text.slice(at, at + traceLength),
  )
}
