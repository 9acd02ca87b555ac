import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.js'

test.use({ window: 'wide' })

test('one says something, looks around and comes back without a mouse', async ({ room }) => {
  const [tab, other] = await room.peers(2)
  const { page } = tab!
  await page.bringToFront()
  await page.getByTestId('input').focus()
  await page.keyboard.type('first line')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second line')
  await page.keyboard.press('Enter')
  await other!.hears('first line\nsecond line')
  await expect(page.getByTestId('input')).toHaveValue('')

  // From the field through its buttons and up to the message's way.
  await tabTo(page, 'way', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('details')).toContainText('Message id')

  await tabTo(page, 'tab-mesh', 'Tab')
  await page.keyboard.press('ArrowRight')
  await expect(page.getByTestId('tab-people')).toBeFocused()
  await expect(page.getByTestId('person')).toHaveCount(1)

  await tabTo(page, 'invite', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(page.getByTestId('invite')).toBeFocused()
})

test('on a phone the side hides no message, and Escape closes it and gives the focus back', async ({
  room,
}) => {
  const [tab, other] = await room.peers(2)
  const { page } = tab!
  await page.bringToFront()
  // So low that most of the side is below.
  await page.setViewportSize({ width: 390, height: 420 })
  await page.getByTestId('neighbors').focus()
  // A page that was wide when it was opened has its side open.
  if ((await page.getByTestId('neighbors').getAttribute('aria-expanded')) === 'false') {
    await page.keyboard.press('Enter')
  }
  await expect(page.getByTestId('input')).toBeHidden()
  await expect(page.getByTestId('link')).toHaveCount(1)
  const overhang = () => document.documentElement.scrollHeight - innerHeight
  expect(await page.evaluate(overhang), 'of the page, whose parts scroll').toBe(0)
  await other!.say('Is anybody there?')
  await expect(page.getByTestId('unread-count')).toHaveText('1 new')
  await expect(page).toHaveTitle(/^\(1\) /)
  await page.getByTestId('tab-mesh').focus()
  await page.keyboard.press('Escape')
  await expect(page.getByTestId('input')).toBeVisible()
  await expect(page.getByTestId('neighbors')).toBeFocused()
  await expect(page.getByTestId('unread-mark')).toBeVisible()
  await expect(page).toHaveTitle(/^#/)
})

/** Presses a key until the focus is there. */
async function tabTo(page: Page, testId: string, key: 'Tab' | 'Shift+Tab'): Promise<void> {
  const passed: string[] = []
  for (let i = 0; i < MOST_STOPS; i++) {
    await page.keyboard.press(key)
    const at = await page.evaluate(
      () =>
        document.activeElement?.getAttribute('data-testid') ?? document.activeElement?.className,
    )
    if (at === testId) return
    passed.push(String(at))
  }
  throw new Error(`the focus never came to ${testId}: ${passed.join(', ')}`)
}

/** More stops between two things nobody has the patience for. */
const MOST_STOPS = 25
