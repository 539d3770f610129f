import { describe, expect, it } from 'vitest'
import { type KeptReplies, createKeptReplies } from './kept-replies.ts'
import { createReadTrace } from './read-trace.ts'

/** A store that answers each question by what was last written, and counts the questions. */
function createStore() {
  const written = new Map<string, unknown>()
  const asked: string[] = []
  const read = (name: string): Promise<unknown> => {
    asked.push(name)
    return Promise.resolve(written.get(name))
  }
  return { asked, read, write: (name: string, answer: unknown) => void written.set(name, answer) }
}

async function keep(
  replies: KeptReplies,
  store: ReturnType<typeof createStore>,
  key: string,
  names: readonly string[],
  text: string,
): Promise<void> {
  const trace = createReadTrace()
  const read = trace.follow(store.read)
  for (const name of names) await read(name)
  replies.keep(key, trace, Buffer.from(text))
}

const textOf = async (replies: KeptReplies, key: string): Promise<string | undefined> =>
  (await replies.find(key))?.bytes().toString()

describe('replies that are kept', () => {
  it('come again byte for byte, with the tag that they had', async () => {
    const replies = createKeptReplies()
    const made = replies.keep('a', createReadTrace(), Buffer.from('{"a":"ä"}'))
    const kept = await replies.find('a')
    expect([kept?.tag, kept?.bytes()]).toEqual([made.tag, Buffer.from('{"a":"ä"}')])
    expect(made.bytes()).toEqual(Buffer.from('{"a":"ä"}'))
    expect(replies.keep('b', createReadTrace(), Buffer.from('{"a":"o"}')).tag).not.toBe(made.tag)
    expect(await replies.find('c')).toBeUndefined()
  })

  it('are right for as long as every question has the same answer, nothing included', async () => {
    for (const [name, before, after] of [
      ['folder', { id: 'a', revision: 1 }, { id: 'a', revision: 2 }],
      ['folder', undefined, { id: 'a', revision: 1 }],
      ['folder', { id: 'a', revision: 1 }, undefined],
      ['imports', [], [{ id: 'i' }]],
      ['imports', [{ at: new Date(0) }], [{ at: new Date(1) }]],
    ] as const) {
      const store = createStore()
      store.write(name, before)
      const replies = createKeptReplies()
      await keep(replies, store, 'list', ['other', name], 'text')
      expect(await textOf(replies, 'list')).toBe('text')
      store.write(name, after)
      expect(await textOf(replies, 'list')).toBeUndefined()
      // It is gone, whatever is answered later.
      store.write(name, before)
      expect(await textOf(replies, 'list')).toBeUndefined()
    }
  })

  it('are asked about once for each time that they are wanted, as far as the first other answer', async () => {
    const store = createStore()
    const replies = createKeptReplies()
    await keep(replies, store, 'list', ['one', 'two', 'three'], 'text')
    await replies.find('list')
    expect(store.asked.slice(3)).toEqual(['one', 'two', 'three'])
    store.write('two', 'new')
    await replies.find('list')
    expect(store.asked.slice(6)).toEqual(['one', 'two'])
  })

  it('fail as the store does, and stay', async () => {
    const replies = createKeptReplies()
    let isBroken = false
    const trace = createReadTrace()
    await trace.follow(() => (isBroken ? Promise.reject(new Error('no database')) : Promise.resolve(1)))('x')
    replies.keep('list', trace, Buffer.from('text'))
    isBroken = true
    await expect(replies.find('list')).rejects.toThrow('no database')
    isBroken = false
    expect(await textOf(replies, 'list')).toBe('text')
  })

  it('of before a change do not put out what was kept after it', async () => {
    const store = createStore()
    const replies = createKeptReplies()
    await keep(replies, store, 'list', ['folder'], 'old')
    store.write('folder', 'changed')
    const asking = replies.find('list')
    await keep(replies, store, 'list', ['folder'], 'new')
    expect(await asking).toBeUndefined()
    expect(await textOf(replies, 'list')).toBe('new')
  })

  it('make room for others, the oldest first; what is too large or made of too much is not kept', async () => {
    const replies = createKeptReplies(4 * 3_000)
    for (const key of ['a', 'b', 'c', 'd', 'e']) replies.keep(key, createReadTrace(), Buffer.alloc(1_990))
    const found = await Promise.all(['a', 'b', 'e'].map((key) => replies.find(key)))
    expect(found.map((reply) => reply !== undefined)).toEqual([false, true, true])
    replies.keep('large', createReadTrace(), Buffer.alloc(2_500))
    expect(await replies.find('large')).toBeUndefined()
    const store = createStore()
    await keep(replies, store, 'long', Array.from({ length: 51 }).fill('x').map(String), 'text')
    expect(await replies.find('long')).toBeUndefined()
  })
})
