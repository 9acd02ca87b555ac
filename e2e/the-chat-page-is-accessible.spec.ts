import AxeBuilder from '@axe-core/playwright'
import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious on the chat page, whatever is open, ${scheme}`, async ({
    room,
  }) => {
    const [tab, other] = await room.peers(2)
    const { page } = tab!
    await page.emulateMedia({ colorScheme: scheme })
    await page.bringToFront()
    expect(await seriousFaults(tab!), 'an empty room').toEqual([])

    await other!.say('Hello **you**, see https://example.org/ and `code`')
    await tab!.say('> quoted\nanswered 🎉')
    await tab!.hears('answered')
    await page.getByTestId('way').first().click()
    await expect(page.getByTestId('link')).toHaveCount(1)
    expect(await seriousFaults(tab!), 'talk with details, and the mesh').toEqual([])

    await page.getByTestId('cut-signaling').click()
    await expect(page.getByTestId('notice')).toHaveCount(1)
    await page.getByTestId('tab-people').click()
    expect(await seriousFaults(tab!), 'people, and a notice').toEqual([])
    await page.getByTestId('tab-journal').click()
    expect(await seriousFaults(tab!), 'the log').toEqual([])

    await page.getByTestId('invite').click()
    expect(await seriousFaults(tab!), 'the invitation').toEqual([])
    await page.keyboard.press('Escape')
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await seriousFaults(tab!), 'the side on a phone').toEqual([])
    await page.getByTestId('neighbors').click()
    expect(await seriousFaults(tab!), 'the talk on a phone').toEqual([])
  })
}

test('axe finds nothing serious in the emoji picker, and Escape closes it', async ({ room }) => {
  const tab = await room.open()
  const { page } = tab
  await page.bringToFront()
  await page.getByTestId('emoji').click()
  await expect(page.locator('emoji-picker')).toBeVisible()
  expect(await seriousFaults(tab, '.emoji-place')).toEqual([])
  await page.keyboard.press('Escape')
  await expect(page.locator('emoji-picker')).toBeHidden()
  await expect(page.getByTestId('emoji')).toBeFocused()
})

async function seriousFaults({ page }: Tab, within = 'body'): Promise<string[]> {
  // Within the picture axe takes the colour of one text for the ground of another; the list below it says the same.
  const { violations } = await new AxeBuilder({ page })
    .include(within)
    .exclude('[data-testid=mesh] text')
    .analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
    )
}
