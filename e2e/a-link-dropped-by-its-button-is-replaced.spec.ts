import { expect, test } from './fixtures.js'

test.use({ window: 'wide' })

test('a link dropped by its button breaks on both sides, is told in the log and is replaced', async ({
  room,
}) => {
  const [tab, other] = await room.peers(3)
  const { page } = tab!
  await page.bringToFront()
  await expect(page.getByTestId('link')).toHaveCount(2)
  await tab!.startRecord()
  await other!.startRecord()
  const peer = await other!.peerId()
  await page.locator(`[data-testid=link][data-peer="${peer}"]`).getByTestId('drop').click()
  const broken = async () =>
    [await tab!.record(), await other!.record()].map(
      record => record.filter(({ type }) => type === 'neighborDown').length,
    )
  await expect.poll(broken).toEqual([1, 1])
  await expect.poll(() => tab!.neighborCount(), { timeout: 20_000 }).toBe(2)
  await page.getByTestId('tab-journal').click()
  await expect(page.getByTestId('journal')).toContainText('You dropped the link to')
  await other!.say('here again')
  await tab!.hears('here again')
})

test('signaling cut by its button leaves the room talking, and comes back when mended', async ({
  room,
}) => {
  const [tab, other] = await room.peers(2)
  const { page } = tab!
  await page.bringToFront()
  await page.getByTestId('cut-signaling').click()
  await tab!.reaches('degraded')
  await expect(page.getByTestId('notice')).toHaveAttribute('data-code', 'signaling')
  await other!.say('can you hear me')
  await tab!.hears('can you hear me')
  await page.getByTestId('cut-signaling').click()
  await tab!.reaches('joined')
  await expect(page.getByTestId('notice')).toHaveCount(0)
})
