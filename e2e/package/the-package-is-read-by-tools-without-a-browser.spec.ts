import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from './fixtures.js'

test('every entry but the worker, which is a script, is imported by Node, with and without require', async ({
  workshop,
}) => {
  const app = await workshop.install('page')
  const entries = [
    'gossamer',
    'gossamer/inline',
    'gossamer/node',
    'gossamer/sim',
    'gossamer/signaling-server',
    'gossamer/testing',
    'gossamer/testing/playwright',
  ]
  const ways = entries.map(entry => `require('${entry}'); await import('${entry}')`)
  expect(
    await app.node(`(async () => { ${ways.join('; ')}; console.log('all') })()`),
    'no browser is needed to import, as on a server that renders pages',
  ).toBe('all\n')
})

test('both commands run where the package is installed', async ({ workshop }) => {
  const app = await workshop.install('page')
  for (const name of ['gossamer-signaling', 'gossamer-peer'])
    expect(await app.tool(name, '--help')).toMatch(new RegExp(`^${name}\\b`))
})

test('a mesh in memory runs in Node, and lets it end', async ({ workshop }) => {
  const app = await workshop.install('page')
  expect(
    await app.node(`(async () => {
      const { Gossip } = await import('gossamer')
      const { createMesh } = await import('gossamer/testing')
      const mesh = createMesh()
      const [ann, bob] = await mesh.peers(2, 'tea')
      const heard = new Promise(resolve => bob.topic.addEventListener('received', resolve))
      await ann.topic.broadcast(new TextEncoder().encode('hello'))
      const { detail } = await heard
      console.log(String(ann.gossip instanceof Gossip), new TextDecoder().decode(detail.content))
      await mesh.close()
    })()`),
  ).toBe('true hello\n')
})

test('strict TypeScript finds the types of every entry that apps import, and needs nothing else', async ({
  workshop,
}) => {
  const app = await workshop.install('page')
  await writeFile(join(app.folder, 'main.ts'), MAIN)
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    const said = await app.node(
      `require('child_process').execFile(process.execPath, ${JSON.stringify([
        TSC,
        ...['--noEmit', '--strict', '--exactOptionalPropertyTypes'],
        ...['--target', 'es2022', '--lib', 'es2022,esnext.disposable,dom,dom.iterable'],
        ...['--module', module, '--moduleResolution', moduleResolution],
        ...['--typeRoots', TYPE_ROOTS, '--types', 'node'],
        'main.ts',
      ])}, (error, stdout) => console.log(error ? stdout : 'well typed'))`,
    )
    expect(said, moduleResolution).toBe('well typed\n')
  }
})

const MAIN = `
import { Gossip, type GossipEvent, type GossipOptions } from 'gossamer'
import { Gossip as Inline } from 'gossamer/inline'
import { nodeWorker } from 'gossamer/node'
import { World } from 'gossamer/sim'
import { createSignalingServer, type SignalingServerOptions } from 'gossamer/signaling-server'
import { createMesh } from 'gossamer/testing'

const options: GossipOptions = { signaling: 'wss://example.org/signaling' }
const gossip: Gossip = await Inline.open(options)
await Inline.open({ ...options, worker: await nodeWorker() })
const topic = gossip.subscribe('tea')
const heard: GossipEvent[] = []
for await (const event of topic) {
  if (event.type === 'received') heard.push(event)
  // @ts-expect-error there is no such event
  if (event.type === 'no such') break
}
const serverOptions: SignalingServerOptions = { iceServers: [{ urls: 'stun:stun.example.org' }] }
createSignalingServer(serverOptions).server.listen(0)
new World({ seed: 1 }).add(2)
const [ann] = await createMesh({ time: 'virtual' }).peers(2, 'tea')
const same: Gossip | undefined = ann?.gossip
`
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
const TYPE_ROOTS = fileURLToPath(new URL('../../node_modules/@types', import.meta.url))
