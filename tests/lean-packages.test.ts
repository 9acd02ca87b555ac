import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { leanValibot } from '../scripts/lean-packages.mjs'
import type { ServerText } from '../src/signaling/messages.js'

type Messages = Pick<typeof import('../src/signaling/parsed.js'), 'parseServerMessage'> &
  Pick<typeof import('../src/signaling/messages.js'), 'readServerMessage'>

async function messages(plugins: esbuild.Plugin[]): Promise<Messages> {
  const { outputFiles } = await esbuild.build({
    stdin: {
      contents: "export * from './parsed.js'\nexport { readServerMessage } from './messages.js'",
      resolveDir: fileURLToPath(new URL('../src/signaling', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
    plugins,
  })
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)
}

const id = 'a'.repeat(52)
const count = 2_000
const texts: ServerText[] = [
  { type: 'challenge', nonce: `${'A'.repeat(43)}=`, heartbeatMs: count },
  {
    type: 'ready',
    iceServers: [{ urls: ['turn:a.example'], username: 'u', credential: 'c' }, { urls: 'stun:a' }],
    limits: { messageBytes: 1, messagesPerSecond: 2, bytesPerSecond: 3, topics: 4 },
  },
  { type: 'entered', topic: id, peers: [id, id] },
  { type: 'signal', from: id, body: 'AQID' },
  { type: 'undeliverable', to: id },
  { type: 'pong' },
  { type: 'error', code: 'rate', message: 'Slower.', fatal: false },
  { type: 'closing', retryAfterMs: count },
]

it('what a page has of valibot reads and refuses messages as all of it does', async () => {
  const lean = await messages([leanValibot])
  const whole = await messages([])
  const read = (text: string) => {
    const expected = whole.parseServerMessage(text)
    expect(lean.readServerMessage(text)).toEqual(whole.readServerMessage(text))
    expect(whole.readServerMessage(text) !== undefined).toBe(expected.ok)
    return expected
  }
  for (const text of texts) expect(read(JSON.stringify(text))).toMatchObject({ ok: true })
  const reasons = new Set<string>()
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.nat(),
      fc.jsonValue(),
      fc.nat(3),
      (text, at, value, how) => {
        const said = read(JSON.stringify(changed(text, at, value, how)))
        if (!said.ok) reasons.add(said.reason.replace(/\d+/g, ''))
      },
    ),
    { numRuns: 1_000, seed: 14 },
  )
  // Each kind of refusal was among them.
  expect(reasons.size).toBeGreaterThan(30)
})

/** The message with one of its values left out or another, or with one too many. */
function changed(text: ServerText, at: number, value: unknown, how: number): unknown {
  const copy = structuredClone(text) as object
  const places: [object, string][] = []
  const walk = (one: object) => {
    for (const [key, inner] of Object.entries(one)) {
      places.push([one, key])
      if (typeof inner === 'object' && inner !== null) walk(inner)
    }
  }
  walk(copy)
  const [parent, key] = places[at % places.length]!
  if (how === 0) Reflect.deleteProperty(parent, key)
  else if (how === 1) Reflect.set(parent, `${key}s`, value)
  else if (how === 2) Reflect.set(parent, key, Array(20).fill(Reflect.get(parent, key)))
  else Reflect.set(parent, key, value)
  return copy
}
