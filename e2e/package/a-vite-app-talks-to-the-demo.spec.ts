import { ViteDev } from './apps.js'
import { exchange, test } from './fixtures.js'

test("a fresh Vite 8 app talks to the demo, built and under default-src 'self'", async ({
  room,
  strangers,
  workshop,
}) => {
  const app = await workshop.install('vite')
  await app.tool('vite', 'build')
  const server = await app.serve('dist', "default-src 'self'")
  await exchange(room, strangers, server.url, server.signalingUrl)
  await server.close()
})

test("a fresh Vite 8 app talks to the demo from Vite's development server", async ({
  room,
  server,
  strangers,
  workshop,
}) => {
  const app = await workshop.install('vite')
  const vite = await ViteDev.open(app)
  try {
    await exchange(room, strangers, vite.url, server.signalingUrl)
  } finally {
    await vite.close()
  }
})
