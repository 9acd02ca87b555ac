import { randomBytes } from 'node:crypto'
import type { BrowserContext, Page } from '@playwright/test'
import { test as base, expect } from './fixtures.js'

/** An example in two windows of two people, who have found each other. */
const test = base.extend<{ open: (name: string) => Promise<[Page, Page]> }>({
  open: async ({ browsers, kinds, server }, use) => {
    const contexts: BrowserContext[] = []
    const errors: Error[] = []
    await use(async name => {
      const pages: Page[] = []
      for (let i = 0; i < 2; i++) {
        const browser = await browsers.get(kinds[i % kinds.length]!)
        const context = await browser.newContext({ viewport: { width: 1_000, height: 600 } })
        contexts.push(context)
        const page = await context.newPage()
        page.on('pageerror', error => errors.push(error))
        await page.goto(`${server.pageUrl}examples/${name}/`)
        pages.push(page)
      }
      for (const page of pages) await expect(page.locator('#status')).toContainText('joined')
      return pages as [Page, Page]
    })
    for (const context of contexts) await context.close()
    expect(errors).toEqual([])
  },
})

test('a pointer moved in one window moves in the other', async ({ open }) => {
  const [one, other] = await open('cursors')
  await one.mouse.move(100, 100)
  await one.mouse.move(300, 200, { steps: 5 })
  const cursor = other.locator('.cursor')
  await expect(cursor).toHaveCount(1)
  const place = () =>
    cursor.evaluate(element => {
      const { left, top } = element.getBoundingClientRect()
      return [Math.round(left), Math.round(top)]
    })
  await expect.poll(place).toEqual([300, 200])
})

test('a vote is counted for everybody, once, however often it is changed', async ({ open }) => {
  const [one, other] = await open('poll')
  await one.getByRole('button', { name: 'Tea' }).click()
  await one.getByRole('button', { name: 'Water' }).click()
  await other.getByRole('button', { name: 'Water' }).click()
  for (const page of [one, other]) {
    await expect(page.getByRole('button')).toHaveText([/Tea\s*0/, /Coffee\s*0/, /Water\s*2/])
  }
  await one.reload()
  await expect(one.getByRole('button')).toHaveText([/Tea\s*0/, /Coffee\s*0/, /Water\s*2/])
})

test('a file of 100 KB arrives whole, under its name', async ({ open }) => {
  const [one, other] = await open('file')
  await other.evaluate(() => {
    const make = URL.createObjectURL
    URL.createObjectURL = made => make.call(URL, Object.assign(window, { made }).made)
  })
  const buffer = randomBytes(100_000)
  await one.locator('#file').setInputFiles({ name: 'noise.bin', mimeType: '', buffer })
  const link = other.locator('#files li[data-done] a')
  await expect(link).toHaveText('noise.bin')
  await expect(link).toHaveAttribute('download', 'noise.bin')
  // Read where it lies: a stock Firefox tells its driver nothing of downloads.
  const bytes = await other.evaluate(async () => {
    const { made } = window as unknown as { made: Blob }
    return [...new Uint8Array(await made.arrayBuffer())]
  })
  expect(Buffer.from(bytes).equals(buffer), 'the same bytes').toBe(true)
  await expect(one.locator('#files li[data-done]')).toHaveCount(1)
})
