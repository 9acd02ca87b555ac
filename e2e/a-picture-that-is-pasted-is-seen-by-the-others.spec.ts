import { expect, test } from './fixtures.js'
import type { Tab } from './tab.js'

test('a picture that is pasted is made to fit into one message, and everyone sees it', async ({
  room,
}) => {
  const [tab, other] = await room.peers(2)
  const { page } = tab!
  await paste(tab!, { width: 1_600, height: 1_000 })
  const draft = page.getByTestId('picture-draft')
  await expect(draft).toBeVisible()
  await draft.getByRole('textbox').fill('a test card')
  await tab!.say('look at this')
  await other!.hears('look at this')
  const picture = other!.page.getByRole('img', { name: 'a test card' })
  await expect(picture).toHaveCount(1)
  const seen = await picture.evaluate(async img => {
    await (img as HTMLImageElement).decode()
    const { naturalWidth, naturalHeight } = img as HTMLImageElement
    return naturalWidth / naturalHeight
  })
  expect(seen).toBeCloseTo(1.6, 1)
  await expect(draft).toBeHidden()
})

test('what is no picture is refused in words, and harms nothing', async ({ room }) => {
  const tab = await room.open()
  await paste(tab, 'rubbish')
  await expect(tab.page.getByTestId('send-error')).toContainText("can't read broken.png")
  await paste(tab, 'words')
  await expect(tab.page.getByTestId('send-error')).toHaveText('Only pictures can be sent here.')
  await tab.page.evaluate(() => {
    Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException('', 'NotReadableError'))
  })
  await paste(tab, { width: 20, height: 20 })
  await expect(tab.page.getByTestId('send-error')).toContainText("can't read card.png")
  await tab.say('still here')
  await tab.hears('still here')
})

test('a file that misses the talk does not make the browser leave it', async ({ room }) => {
  const tab = await room.open()
  const prevented = await tab.page.evaluate(() =>
    ['header', 'main', '.page'].map(where => {
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File(['words'], 'notes.txt', { type: 'text/plain' }))
      const said = { dataTransfer, bubbles: true, cancelable: true }
      return ['dragover', 'drop'].map(
        type => !document.querySelector(where)!.dispatchEvent(new DragEvent(type, said)),
      )
    }),
  )
  expect(prevented).toEqual(Array(3).fill([true, true]))
  await expect(tab.page.getByTestId('send-error')).toHaveText('Only pictures can be sent here.')
})

/** Pastes a picture of noise and colours, as hard to shrink as any, a file that only says it is one, or one that does not. */
function paste(
  tab: Tab,
  what: { width: number; height: number } | 'rubbish' | 'words',
): Promise<void> {
  return tab.page.evaluate(async given => {
    const transfer = new DataTransfer()
    if (given === 'rubbish') {
      transfer.items.add(new File(['no picture'], 'broken.png', { type: 'image/png' }))
    } else if (given === 'words') {
      transfer.items.add(new File(['words'], 'notes.txt', { type: 'text/plain' }))
    } else {
      const canvas = new OffscreenCanvas(given.width, given.height)
      const context = canvas.getContext('2d')!
      for (let x = 0; x < given.width; x += 20) {
        for (let y = 0; y < given.height; y += 20) {
          context.fillStyle = `hsl(${(x * 7 + y * 13) % 360} 70% ${30 + ((x * y) % 40)}%)`
          context.fillRect(x, y, 20, 20)
        }
      }
      transfer.items.add(
        new File([await canvas.convertToBlob()], 'card.png', { type: 'image/png' }),
      )
    }
    const event = new ClipboardEvent('paste', {
      clipboardData: transfer,
      bubbles: true,
      cancelable: true,
    })
    document.querySelector('[data-testid=input]')!.dispatchEvent(event)
  }, what)
}
