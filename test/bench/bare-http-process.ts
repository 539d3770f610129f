// A login's worth of HTTP and nothing else: fastify reads a body of a login's size, zod checks it, and an answer of a
// login's size goes back. What this costs is the machine's and the framework's, so a figure beside it can be judged.
import { fastify } from 'fastify'
import { type ZodTypeProvider, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'

const answer = { accessToken: 'x'.repeat(560), expiresIn: 600, accessTokenMaxTTL: 3600, tokenType: 'Bearer' }
const server = fastify().withTypeProvider<ZodTypeProvider>()
server.setValidatorCompiler(validatorCompiler)
server.setSerializerCompiler(serializerCompiler)
server.post(
  '/',
  { schema: { body: z.object({ identityId: z.string().max(100), jwt: z.string().max(8192) }) } },
  async () => answer,
)
// And reads: of a small object, and of a list as long as a hundred secrets.
server.get('/small', async () => ({ status: 'ok' }))
const list = Array.from({ length: 100 }, (_one, index) => ({ id: index, text: 'x'.repeat(620) }))
server.get('/list', async () => list)
const url = await server.listen({ port: 0, host: '127.0.0.1' })
process.send?.(url)
process.once('disconnect', () => {
  void server.close()
})
