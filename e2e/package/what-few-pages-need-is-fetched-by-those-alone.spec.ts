import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from './fixtures.js'

test('what few pages need is fetched by those alone, and told where it can not be', async ({
  browsers,
  workshop,
}) => {
  const app = await workshop.install('page')
  const policy = `default-src 'self'; script-src 'self' ${await app.importMapHash()}`
  const server = await app.serve('.', policy)
  const file = join(app.folder, 'node_modules/gossamer/dist/page-extra.js')
  for (const kind of ['chromium', 'firefox'] as const) {
    const context = await (await browsers.get(kind)).newContext()
    /** What is fetched of the package by a page that opens and subscribes, and how that ends. */
    const open = async (query: string) => {
      const page = await context.newPage()
      const fetched: string[] = []
      page.on('request', request => {
        const name = /dist\/([\w-]+\.js)/.exec(request.url())?.[1]
        if (name !== undefined) fetched.push(name)
      })
      await page.goto(`${server.url}?room=x&signaling=${server.signalingUrl}${query}`)
      const outcome = await page.evaluate(async () => {
        while (window.app === undefined) await new Promise(resolve => setTimeout(resolve, 20))
        try {
          const { topic } = await window.app
          const { id } = await topic.broadcast(new Uint8Array(1))
          return { code: id === '' ? 'no id' : 'said', message: '' }
        } catch (error) {
          const { code, message } = error as { code: string; message: string }
          return { code, message }
        }
      })
      await page.close()
      return { ...outcome, fetched }
    }
    const plain = await open('&plain')
    expect(plain.code, kind).toBe('said')
    expect([...new Set(plain.fetched)].sort(), kind).toEqual(['index.js', 'worker.js'])

    const numbers = await open('')
    expect(numbers.code, kind).toBe('said')
    expect(numbers.fetched, kind).toContain('page-extra.js')

    await rename(file, `${file}.away`)
    const missing = await open('')
    expect(missing, kind).toMatchObject({ code: 'protocol-unavailable' })
    expect(missing.message, kind).toContain('page-extra.js')

    const text = await readFile(`${file}.away`, 'utf8')
    await writeFile(file, text.replace(/build=(["'`])\w+\1/, 'build="another"'))
    const other = await open('')
    expect(other, kind).toMatchObject({ code: 'protocol-unavailable' })
    expect(other.message, kind).toContain('another release')

    await rename(`${file}.away`, file)
    expect((await open('')).code, kind).toBe('said')

    // Of one page, which need not be loaded anew once it can be had.
    const page = await context.newPage()
    await page.goto(`${server.url}?room=x&signaling=${server.signalingUrl}&plain`)
    await page.waitForFunction(() => window.app !== undefined)
    const cut = () =>
      page.evaluate(async () => {
        const { gossip } = await window.app
        const cutting = gossip.provoke({ kind: 'cut-signaling' })
        return cutting.then(
          () => 'cut',
          error => (error as { code: string }).code,
        )
      })
    await rename(file, `${file}.away`)
    expect([await cut(), await cut()], kind).toEqual(Array(2).fill('protocol-unavailable'))
    await rename(`${file}.away`, file)
    expect(await cut(), kind).toBe('cut')
    await context.close()
  }
  await server.close()
})
