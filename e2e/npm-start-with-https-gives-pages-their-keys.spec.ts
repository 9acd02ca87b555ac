import { expect, test } from './fixtures.js'
import { ServerProcess } from './servers.js'

test('npm start -- --https gives pages their keys, and they talk over wss', async ({ room }) => {
  const server = await ServerProcess.page('--https', '--host', '127.0.0.1')
  try {
    const pageUrl = `https://127.0.0.1:${server.port}/`
    const [first, second] = await room.peers(2, { pageUrl })
    expect(await first!.page.evaluate(() => [isSecureContext, location.protocol])).toEqual([
      true,
      'https:',
    ])
    await first!.say('over https')
    await second!.hears('over https')
    const answer = await first!.page.request.get(pageUrl)
    expect(answer.headers()['content-encoding'], 'it goes compressed').toBe('br')
  } finally {
    await server.kill()
  }
})
