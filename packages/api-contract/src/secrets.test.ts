import { describe, expect, it } from 'vitest'
import { createSecretRequest, updateSecretRequest } from './secrets.ts'

const nothing = { type: '', secretPath: '', secretComment: null, secretMetadata: null, tagIds: null }

describe('what a client in Go sends for what it does not have', () => {
  it('is as good as absent in a new secret', () => {
    expect(createSecretRequest.parse({ secretValue: 'x', ...nothing })).toMatchObject({
      type: 'shared',
      secretPath: undefined,
      secretComment: '',
      secretMetadata: undefined,
    })
    expect(createSecretRequest.parse({ secretValue: 'x' })).toMatchObject({
      type: 'shared',
      secretComment: '',
    })
  })

  it('changes nothing of a secret that there is', () => {
    const change = updateSecretRequest.parse({ newSecretName: '', ...nothing })
    expect(change.newSecretName).toBeUndefined()
    expect(change.secretComment).toBeUndefined()
    expect(change.secretMetadata).toBeUndefined()
    expect(updateSecretRequest.parse({ secretComment: '' }).secretComment).toBe('')
  })

  it.each([{ type: 'other' }, { secretMetadata: 'x' }, { secretComment: 1 }, { newSecretName: 'a/b' }])(
    'but %j is no such thing',
    (body) => {
      expect(updateSecretRequest.safeParse(body).success).toBe(false)
    },
  )
})
