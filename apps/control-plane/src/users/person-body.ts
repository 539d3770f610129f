import type { Person } from '@postern/api-contract/people'

export function personBody({ id, email, name }: { id: string; email: string; name: string }): Person {
  return { id, email, username: email, name, firstName: name, lastName: '' }
}
