const charactersMax = 40

/** `Größe & Söhne` → `grosse-sohne`; never empty. Lower-case letters, digits and single hyphens. */
export function slugOf(name: string, whenEmpty = 'organization'): string {
  const slug = name
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '-')
    .slice(0, charactersMax)
    .replaceAll(/^-+|-+$/g, '')
  return slug === '' ? whenEmpty : slug
}
