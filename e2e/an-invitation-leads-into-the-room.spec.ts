import { expect, test } from './fixtures.js'

test('the link that is copied leads whoever opens it into the room, under a name of their own', async ({
  room,
}) => {
  const host = await room.open({ name: 'Host' })
  const { page } = host
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.bringToFront()
  await page.getByTestId('invite').click()
  await expect(page.getByTestId('qr').locator('path')).toHaveAttribute('d', /^M/)
  await page.getByTestId('copy-link').click()
  await expect(page.getByTestId('copy-link')).toHaveText('Copied')
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect(new URL(link).searchParams.get('name')).toBeNull()

  const guest = await room.adopt(host, 'guest', from =>
    from.evaluate(url => void window.open(url, '_blank', 'noopener'), link),
  )
  await room.joined([host, guest])
  await guest.say('found it')
  await host.hears('found it')
  await expect(guest.page.getByTestId('nick')).not.toHaveValue('Host')
})
