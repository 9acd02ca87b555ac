import { exchange, test } from './fixtures.js'

test('a plain page with an import map talks to the demo', async ({ room, strangers, workshop }) => {
  const app = await workshop.install('page')
  // An import map is an inline script, which a policy must name; nothing else is allowed beside 'self'.
  const policy = `default-src 'self'; script-src 'self' ${await app.importMapHash()}`
  const server = await app.serve('.', policy)
  await exchange(room, strangers, server.url, server.signalingUrl)
  await server.close()
})
