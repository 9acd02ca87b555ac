import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from './fixtures.js'

test('an extra that can not be loaded ends the topic with what is missing, and the next call tries again', async ({
  browsers,
  workshop,
}) => {
  const app = await workshop.install('page')
  const policy = `default-src 'self'; script-src 'self' ${await app.importMapHash()}`
  const server = await app.serve('.', policy)
  const file = join(app.folder, 'node_modules/gossamer/dist/worker-history.js')
  for (const kind of ['chromium', 'firefox'] as const) {
    await rename(file, `${file}.away`)
    const context = await (await browsers.get(kind)).newContext()
    const page = await context.newPage()
    await page.goto(`${server.url}?room=x&signaling=${server.signalingUrl}`)
    await page.waitForFunction(() => window.app !== undefined)
    const again = () =>
      page.evaluate(async () => {
        const { gossip } = await window.app
        const topic = gossip.subscribe('x', { history: { protocol: 'wavefront' } })
        try {
          const { id } = await topic.broadcast(new Uint8Array(1))
          return { id }
        } catch (error) {
          const { code, message } = error as { code: string; message: string }
          return { code, message, state: topic.state }
        }
      })
    for (let n = 0; n < 2; n++) {
      const failure = await again()
      expect(failure, kind).toMatchObject({ code: 'protocol-unavailable', state: 'closed' })
      expect(failure.message, kind).toContain('worker-history.js')
    }
    const text = await readFile(`${file}.away`, 'utf8')
    await writeFile(file, text.replace(/build=(["'`])\w+\1/, 'build="another"'))
    const other = await again()
    expect(other.code, kind).toBe('protocol-unavailable')
    expect(other.message, kind).toContain('Serve both from one release')

    await rename(`${file}.away`, file)
    expect((await again()).id, kind).toBeDefined()
    await context.close()
  }
  await server.close()
})
