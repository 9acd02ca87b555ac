import { exchange, test } from './fixtures.js'

test("a fresh webpack 5 app talks to the demo, built and under default-src 'self'", async ({
  room,
  strangers,
  workshop,
}) => {
  const app = await workshop.install('webpack')
  await app.tool('webpack', '--mode', 'production', '--entry', './main.js')
  const server = await app.serve('.', "default-src 'self'")
  await exchange(room, strangers, server.url, server.signalingUrl)
  await server.close()
})
