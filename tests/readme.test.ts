import { readdir, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import type { NoticeCode } from '../src/bridge/node-messages.js'
import type { TopicEvents } from '../src/page/subscription.js'
import { Observer, regionLatency, World } from '../src/sim/index.js'
import { createMesh } from '../src/testing/mesh.js'

it('wherever a page opens its mesh in README and docs, signaling is where the server takes sockets', async () => {
  const root = new URL('../', import.meta.url)
  const docs = (await readdir(new URL('docs', root))).map(name => `docs/${name}`)
  const urls: string[] = []
  for (const page of ['README.md', ...docs.filter(name => name.endsWith('.md'))]) {
    const text = await readFile(new URL(page, root), 'utf8')
    for (const [, url] of text.matchAll(/\bsignaling: '([^']*)'/g)) urls.push(`${page} ${url}`)
  }
  expect(urls.length).toBeGreaterThan(2)
  for (const url of urls) expect(url).toMatch(/ wss?:\/\/[^/]+\/signaling$/)
})

it("the README's first lines of code join a room, say something and hear others", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const [, code] = /^## In your app\n+```js\n(.*?)```$/ms.exec(readme) ?? []
  if (code === undefined) throw new Error('the README has no code under "In your app"')
  expect(code.split('\n').filter(line => line.trim() !== '').length).toBeLessThanOrEqual(15)
  const lines = code.replace("import { Gossip } from 'gossamer'\n", '')
  expect(lines, 'one import, of the library by its name').not.toMatch(/^import /m)

  const mesh = createMesh()
  try {
    const printed: string[] = []
    const print = { log: (...words: unknown[]) => printed.push(words.join(' ')) }
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor
    const run = new AsyncFunction('Gossip', 'console', lines) as (
      ...given: unknown[]
    ) => Promise<void>
    // It reads until it leaves, which it never does.
    const failed = run({ open: mesh.open.bind(mesh) }, print).then(
      () => 'it ended',
      error => String(error),
    )
    const [friend] = await mesh.peers(1, 'tea room')
    await Promise.race([friend!.topic.joined(), failed.then(why => expect.fail(why))])
    const heard: string[] = []
    friend!.topic.addEventListener('received', ({ detail }) => {
      heard.push(new TextDecoder().decode(detail.content))
    })
    await friend!.topic.broadcast(new TextEncoder().encode('Coming!'))
    const short = friend!.gossip.peerId.slice(0, 8)
    await mesh.until(() => printed.includes(`${short} Coming!`))
    // Said while alone, it reaches who comes soon after.
    await mesh.until(() => heard.includes('The kettle is on.'))
    expect(printed).toContainEqual(expect.stringMatching(/^joined .* 1$/))
    expect(printed).toContainEqual(expect.stringMatching(/^[a-z2-7]{52}:1 went to \d neighbors$/))
  } finally {
    await mesh.close()
  }
})

it('the room that authors are shown in the simulator holds', async () => {
  const page = await readFile(new URL('../docs/testing-your-app.md', import.meta.url), 'utf8')
  const [, names, code] = /^import \{ ([^}]*) \} from 'gossamer\/sim'\n(.*?)^```$/ms.exec(page)!
  const given = { Observer, regionLatency, World }
  expect(names).toBe(Object.keys(given).join(', '))
  const printed: unknown[] = []
  const print = { log: (word: unknown) => printed.push(word) }
  new Function(names!, 'console', code!)(...Object.values(given), print)
  expect(printed).toEqual([
    expect.objectContaining({ reliability: 1, p99Ms: expect.any(Number) as number }),
  ])
})

it('the guide tells of every code an error may have, and of no other', async () => {
  const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')
  const codes = (await read('src/bridge/errors.ts')).matchAll(/^ {2}\| '([a-z-]+)'$/gm)
  const [, table] = /^## Errors$(.*?)^## /ms.exec(await read('docs/guide.md'))!
  const told = table!.matchAll(/^\| `([a-z-]+)` \|/gm)
  expect([...told].map(([, code]) => code).sort()).toEqual(
    [...codes].map(([, code]) => code).sort(),
  )
})

it('the guide tells of every event of a topic and every notice, and of no other', async () => {
  const guide = await readFile(new URL('../docs/guide.md', import.meta.url), 'utf8')
  for (const [title, names] of [
    ['Events', EVENTS],
    ['Notices', NOTICES],
  ] as const) {
    const [, section] = new RegExp(`^## ${title}$(.*?)^## `, 'ms').exec(guide)!
    const told = [...section!.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)
    expect(told.sort(), title).toEqual(Object.keys(names).sort())
  }
})

it('the size that README and comparison name is one that the gate holds', async () => {
  const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')
  const [, ceiling] = /together: ([\d_]+),/.exec(await read('scripts/size.mjs'))!
  for (const page of ['README.md', 'docs/comparison.md']) {
    const [, named, binary] = /at most (\d+) K(i?)B/i.exec(await read(page)) ?? []
    expect(Number(named) * (binary ? 1024 : 1000), page).toBeGreaterThanOrEqual(
      Number(ceiling!.replace('_', '')),
    )
  }
})

// The compiler holds these to the code: neither lacks a name, neither has another.
const EVENTS: Record<keyof TopicEvents, true> = {
  received: true,
  neighborUp: true,
  neighborDown: true,
  joinFailed: true,
  mismatch: true,
  peerBlamed: true,
  peerData: true,
  lagged: true,
  historyProgress: true,
  synced: true,
  historyGap: true,
  historyFailed: true,
  historyResumed: true,
  fork: true,
  parentsMissing: true,
  state: true,
  presence: true,
  history: true,
}
const NOTICES: Record<NoticeCode, true> = {
  'storage-unavailable': true,
  'storage-failed': true,
  'storage-full': true,
  'signaling-lost': true,
  'signaling-open': true,
  'signaling-refused': true,
  'links-relayed': true,
  'protocol-unavailable': true,
}
