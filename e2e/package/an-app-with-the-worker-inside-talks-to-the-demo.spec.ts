import type { App } from './apps.js'
import { exchange, expect, test } from './fixtures.js'

test('an app that esbuild made of gossamer/inline talks to the demo', async ({
  room,
  strangers,
  workshop,
}) => {
  const app = await workshop.install('esbuild', 'gossamer/inline')
  await bundle(app)
  const server = await app.serve('.', "default-src 'self'; worker-src blob:")
  await exchange(room, strangers, server.url, server.signalingUrl)
  await server.close()
})

test('gossamer/inline says what a policy without blob: workers has to allow', async ({
  browsers,
  workshop,
}) => {
  const app = await workshop.install('esbuild', 'gossamer/inline')
  await bundle(app)
  const server = await app.serve('.', "default-src 'self'")
  for (const kind of ['chromium', 'firefox'] as const) {
    const context = await (await browsers.get(kind)).newContext()
    const page = await context.newPage()
    await page.goto(`${server.url}?room=x&signaling=${server.signalingUrl}`)
    const failure = await page.evaluate(async () => {
      try {
        await window.app
      } catch (error) {
        return { code: (error as { code: string }).code, message: String(error) }
      }
      return undefined
    })
    expect(failure?.code, kind).toBe('worker-unavailable')
    expect(failure?.message, kind).toContain('worker-src blob:')
    await context.close()
  }
  await server.close()
})

function bundle(app: App): Promise<string> {
  return app.tool('esbuild', 'main.js', '--bundle', '--format=esm', '--outfile=dist/main.js')
}
