/** Length is the schema's part; no rules of composition, but what is guessed first (NIST SP 800-63B §3.1.1.2). */
export function passwordProblem(
  password: string,
  context: { email: string; organization: string },
): string | undefined {
  const lower = password.toLowerCase()
  if (new Set(lower).size < 4) return 'needs at least four different characters'
  const [localPart = ''] = context.email.toLowerCase().split('@')
  const guesses = [
    context.email.toLowerCase(),
    localPart,
    context.organization.toLowerCase(),
    ...firstGuesses,
  ]
  return guesses.includes(lower) ? 'is among the first that anybody would guess' : undefined
}

/** Of at least eight characters, from published lists of the most used passwords. */
const firstGuesses = [
  '12345678',
  '123456789',
  '1234567890',
  'password',
  'password1',
  'password123',
  'passw0rd',
  'qwertyuiop',
  'qwerty123',
  'iloveyou',
  'sunshine',
  'princess',
  'football',
  'baseball',
  'welcome1',
  'changeme',
  'administrator',
  'letmein1',
]
