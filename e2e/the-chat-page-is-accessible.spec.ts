import AxeBuilder from '@axe-core/playwright'
import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test.use({ window: 'wide' })

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious on the chat page, whatever is open, ${scheme}`, async ({
    room,
  }) => {
    const [tab, other] = await room.peers(2)
    const { page } = tab!
    const serious = () => seriousFaults(tab!, { coloursOnly: scheme === 'dark' })
    await page.emulateMedia({ colorScheme: scheme })
    await page.bringToFront()
    expect(await serious(), 'an empty room').toEqual([])

    await other!.say('Hello **you**, see https://example.org/ and `code`')
    await tab!.say('> quoted\nanswered 🎉')
    await tab!.hears('answered')
    await page.getByTestId('way').first().click()
    await expect(page.getByTestId('link')).toHaveCount(1)
    expect(await serious(), 'talk with details, and the mesh').toEqual([])

    await page.getByTestId('cut-signaling').click()
    await expect(page.getByTestId('notice')).toHaveCount(1)
    await page.getByTestId('tab-people').click()
    expect(await serious(), 'people, and a notice').toEqual([])
    await page.getByTestId('tab-journal').click()
    expect(await serious(), 'the log').toEqual([])

    await page.getByTestId('invite').click()
    expect(await serious(), 'the invitation').toEqual([])
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await serious(), 'the side on a phone').toEqual([])
    await page.getByTestId('neighbors').click()
    expect(await serious(), 'the talk on a phone').toEqual([])
  })
}

test('axe finds nothing serious in the emoji picker, and Escape, its button and a click elsewhere close it', async ({
  room,
}) => {
  const tab = await room.open()
  const { page } = tab
  await page.bringToFront()
  await page.getByTestId('emoji').click()
  await expect(page.locator('emoji-picker')).toBeVisible()
  expect(await seriousFaults(tab, { within: '.emoji-place' })).toEqual([])
  await page.keyboard.press('Escape')
  await expect(page.locator('emoji-picker')).toBeHidden()
  await expect(page.getByTestId('emoji')).toBeFocused()

  // As long as a hand takes.
  const press = () => page.getByTestId('emoji').click({ delay: 100 })
  await press()
  await expect(page.locator('emoji-picker')).toBeVisible()
  await press()
  await expect(page.locator('emoji-picker')).toBeHidden()
  await press()
  await expect(page.locator('emoji-picker')).toBeVisible()
  await page.getByTestId('input').click({ delay: 100 })
  await expect(page.locator('emoji-picker')).toBeHidden()
  await page.keyboard.type('here')
  await expect(page.getByTestId('input')).toHaveValue('here')
})

/** What axe finds; of the colours alone where all else was looked at before. */
async function seriousFaults(
  { page }: Tab,
  { within = 'body', coloursOnly = false } = {},
): Promise<string[]> {
  const axe = new AxeBuilder({ page })
    // Of what is well one example is enough.
    .options({ resultTypes: ['violations'] })
    // Else it opens a page of its own each time to put the results of frames together, of which there are none here.
    .setLegacyMode()
    .include(within)
  const { violations } = await (coloursOnly ? axe.withRules(['color-contrast']) : axe).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
    )
}
