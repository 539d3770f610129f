/**
 * Which methods a path knows, for the answer 405. Only asked when no route matched, so it may be simple: a path
 * matches a template of as many parts when every part is equal or a parameter.
 */
export class AllowedMethods {
  readonly #methodsOfTemplate = new Map<string, Set<string>>()

  add(template: string, methods: readonly string[]): void {
    const known = this.#methodsOfTemplate.get(template) ?? new Set()
    for (const method of methods) known.add(method)
    this.#methodsOfTemplate.set(template, known)
  }

  of(path: string): string[] {
    const parts = partsOf(path)
    const methods = new Set<string>()
    for (const [template, known] of this.#methodsOfTemplate) {
      if (matches(partsOf(template), parts)) for (const method of known) methods.add(method)
    }
    return [...methods].sort()
  }
}

function partsOf(path: string): string[] {
  const parts = path.split('/')
  if (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}

function matches(template: readonly string[], parts: readonly string[]): boolean {
  return (
    template.length === parts.length &&
    template.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]))
  )
}
