import type { FoundSecret, SecretList } from './read-secrets.ts'
import { importBody, secretBody } from './secret-reply.ts'
import type { ShownSecret } from './secret-reading.ts'

type SecretBody = ReturnType<typeof secretBody>

interface SecretListBody {
  secrets: SecretBody[]
  imports?: ReturnType<typeof importBody>[]
}

/**
 * Replies with secrets. Writing a hundred of them as JSON costs as much as all the rest of a list, and most are the same
 * as in the reply before: a secret's text is kept with the secret that was read (folder-secrets.ts), and goes with it.
 */
export interface SecretJson {
  one(found: FoundSecret): { secret: SecretBody }
  list(list: SecretList, withImports: boolean): SecretListBody
  /** Of what the two others return. */
  stringify(body: { secret: SecretBody } | SecretListBody): string
}

interface Kept {
  readonly place: string
  readonly value: string | undefined
  readonly body: SecretBody
}

export function createSecretJson(): SecretJson {
  const bodies = new WeakMap<ShownSecret['read'], Kept>()
  const texts = new WeakMap<SecretBody, string>()

  /** One for each secret: most have one place and one kind of readers. */
  function bodyOf(projectId: string, secret: ShownSecret): SecretBody {
    const { read, folder, value } = secret
    const place = `${folder.environment.slug} ${folder.secretPath}`
    const kept = bodies.get(read)
    if (kept !== undefined && kept.place === place && kept.value === value) return kept.body
    const body = secretBody(projectId, secret)
    bodies.set(read, { place, value, body })
    return body
  }

  function textOf(body: SecretBody): string {
    const text = texts.get(body) ?? JSON.stringify(body)
    texts.set(body, text)
    return text
  }

  return {
    one: ({ projectId, secret }) => ({ secret: bodyOf(projectId, secret) }),
    list: ({ projectId, secrets, imports }, withImports) => {
      const body = { secrets: secrets.map((secret) => bodyOf(projectId, secret)) }
      if (!withImports) return body
      return { ...body, imports: imports.map((one) => importBody(projectId, one)) }
    },
    stringify: (body) => {
      if ('secret' in body) return `{"secret":${textOf(body.secret)}}`
      const secrets = body.secrets.map(textOf).join(',')
      const imports = body.imports === undefined ? '' : `,"imports":${JSON.stringify(body.imports)}`
      return `{"secrets":[${secrets}]${imports}}`
    },
  }
}
