// Writes golden vectors for messages that have none: `node scripts/write-vectors.mjs`. A file that is there
// is never touched: a changed vector is a changed protocol, and that takes a decision page.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const wire = await load(`
  export { FrameEncoder } from './src/wire/encoder.js'
  export { speakHistory } from './src/wire/history-frames.js'
  export { helloTranscript } from './src/wire/hello.js'
  export { peerIdFromBytes, topicIdFromBytes } from './src/core/ids.js'
  export { canonicalBytes } from './src/core/message.js'
  export { withParents } from './src/core/history/op.js'
  export { presenceBytes } from './src/core/presence/statement.js'
  export { putHead } from './src/link/records.js'
`)
wire.speakHistory()
const folder = new URL('../src/wire/vectors/', import.meta.url)
const linkFolder = new URL('../src/link/vectors/', import.meta.url)

/** `length` bytes that count up from `first`. */
const bytes = (first, length) => Uint8Array.from({ length }, (_, i) => (first + i) & 255)
const peer = n => wire.peerIdFromBytes(bytes(n * 16, 32))
const topic = wire.topicIdFromBytes(bytes(0xa0, 32))
const otherTopic = wire.topicIdFromBytes(bytes(0xb0, 32))
const time = 1_750_000_000_123

const terms = { signed: true, membership: 'hyparview', history: 'none', maxMessageSize: 4096 }
const otherTerms = {
  signed: false,
  membership: 'auto',
  history: 'aspects',
  maxMessageSize: 1 << 20,
}
const record = { data: bytes(1, 5), time, signature: bytes(0x40, 64) }
const bare = { peer: peer(2), record: undefined }
const full = { peer: peer(3), record }
const presence = { value: bytes(0x41, 4), time, lifetimeMs: 90_000, signature: bytes(0xc0, 64) }
const message = {
  author: peer(1),
  seq: 1,
  time,
  payload: bytes(0x61, 3),
  extensions: new Uint8Array(0),
  signature: bytes(0x80, 64),
}
const unsigned = {
  author: peer(2),
  seq: 300,
  time: 0,
  payload: new Uint8Array(0),
  extensions: bytes(9, 2),
  signature: undefined,
}
const gossip = { type: 'gossip', round: 0, message }
const eva = { ...message, extensions: wire.withParents({ mother: undefined, others: [] }) }
const parents = {
  mother: bytes(0x20, 32),
  others: [
    { author: peer(2), seq: 300, hash: bytes(0x30, 4) },
    { author: peer(3), seq: 1, hash: bytes(0x34, 4) },
  ],
}
const op = { ...message, seq: 2, extensions: wire.withParents(parents) }
const mark = (n, seq) => ({ author: peer(n), seq, hash: bytes(n * 4, 4) })
const none = { author: peer(3), seq: 0, hash: new Uint8Array(4) }

const inTopic = each => ({ type: 'topic', topic, message: each })
const met = [{ type: 'topic-hello', topic, terms }]

/** By type: what was sent on the link before (`given`), and the frame. */
const frames = {
  hello: [
    frame('least', {
      type: 'hello',
      hello: {
        versions: [1],
        features: [],
        protocol: '',
        peer: peer(1),
        nonce: bytes(0, 32),
        limits: { largestFrameBytes: 1_049_856 },
      },
    }),
    frame('more', {
      type: 'hello',
      hello: {
        versions: [1, 2, 200],
        features: ['a', 'zebra'],
        protocol: 'chat/1 ✓',
        peer: peer(2),
        nonce: bytes(7, 32),
        limits: { largestFrameBytes: 0xffff_ffff },
      },
    }),
  ],
  'hello-proof': [frame('proof', { type: 'hello-proof', proof: { signature: bytes(3, 64) } })],
  'topic-hello': [
    frame('first topic', { type: 'topic-hello', topic, terms }),
    frame('second topic', { type: 'topic-hello', topic: otherTopic, terms: otherTerms }, met),
    frame('said again', { type: 'topic-hello', topic, terms: otherTerms }, met),
  ],
  'author-alias': [
    frame('first use defines', inTopic(gossip), met),
    frame('second use does not', inTopic({ ...gossip, round: 2 }), [...met, inTopic(gossip)]),
  ],
  relay: [
    frame('first hop', {
      type: 'relay',
      relay: { id: bytes(5, 16), to: peer(4), hopsLeft: 8, path: [peer(1)], body: bytes(0, 300) },
    }),
    frame('last hop', {
      type: 'relay',
      relay: {
        id: bytes(6, 16),
        to: peer(4),
        hopsLeft: 0,
        path: [peer(1), peer(2)],
        body: bytes(0, 1),
      },
    }),
  ],
  join: [
    topical('without a record', { type: 'join', requestId: 1, record: undefined }),
    topical('with a record', { type: 'join', requestId: 0xffff_ffff, record }),
  ],
  'forward-join': [
    topical('walk', { type: 'forward-join', joiner: full, hopsLeft: 6 }),
    topical('end', { type: 'forward-join', joiner: bare, hopsLeft: 0 }),
  ],
  'neighbor-request': [
    topical('high', {
      type: 'neighbor-request',
      requestId: 2,
      priority: 'high',
      record: undefined,
    }),
    topical('low', { type: 'neighbor-request', requestId: 200, priority: 'low', record }),
  ],
  'neighbor-accept': [
    topical('bare', { type: 'neighbor-accept', requestId: 2, record: undefined }),
    topical('with a record', { type: 'neighbor-accept', requestId: 2, record }),
  ],
  'neighbor-reject': ['full', 'busy', 'not-in-topic', 'mismatch', 'banned', 'not-admitted'].map(
    (reason, n) =>
      topical(reason, {
        type: 'neighbor-reject',
        requestId: n,
        reason,
        sample: n === 0 ? [bare, full] : [],
      }),
  ),
  shuffle: [
    topical('bare', { type: 'shuffle', origin: bare, walkId: 7, hopsLeft: 6, sample: [] }),
    topical('full', {
      type: 'shuffle',
      origin: full,
      walkId: 70_000,
      hopsLeft: 255,
      sample: [bare, full],
    }),
  ],
  'shuffle-reply': [topical('reply', { type: 'shuffle-reply', walkId: 7, sample: [full, bare] })],
  disconnect: [
    topical('leaving', { type: 'disconnect', alive: 'leaving', sample: [] }),
    topical('alive', { type: 'disconnect', alive: 'alive', sample: [bare] }),
  ],
  init: [
    topical('without a record', { type: 'init', requestId: 1, record: undefined }),
    topical('with a record', { type: 'init', requestId: 0xffff_ffff, record }),
  ],
  info: [
    topical('nobody else', { type: 'info', requestId: 1, members: [], record: undefined }),
    topical('two members', { type: 'info', requestId: 300, members: [peer(2), peer(3)], record }),
  ],
  conn: [
    topical('asks for one back', { type: 'conn', requestId: 2, asks: true, record: undefined }),
    topical('is the one back', { type: 'conn', requestId: 3, asks: false, record }),
  ],
  gosp: [
    topical('in agreement', {
      type: 'gosp',
      view: { digest: bytes(0x10, 8), members: undefined },
      presence: [],
      frontier: undefined,
    }),
    topical('members, presence and a frontier', {
      type: 'gosp',
      view: { digest: bytes(0x20, 8), members: [peer(1), peer(2)] },
      presence: [
        { peer: peer(1), statement: presence, leftMs: 90_000 },
        {
          peer: peer(2),
          statement: { ...presence, value: undefined, signature: undefined },
          leftMs: 1,
        },
      ],
      frontier: bytes(0x30, 32),
    }),
    topical('presence alone', {
      type: 'gosp',
      view: undefined,
      presence: [
        { peer: peer(1), statement: { ...presence, value: new Uint8Array(0) }, leftMs: 0 },
      ],
      frontier: undefined,
    }),
  ],
  bye: ['leaving', 'full', 'not-in-topic', 'mismatch', 'banned'].map((reason, n) =>
    topical(reason, { type: 'bye', requestId: n * 100, reason }),
  ),
  gossip: [
    topical('signed', gossip),
    topical('unsigned, with extensions', { type: 'gossip', round: 0xffff, message: unsigned }),
    frame('in the second topic', { type: 'topic', topic: otherTopic, message: gossip }, [
      ...met,
      { type: 'topic-hello', topic: otherTopic, terms: otherTerms },
    ]),
  ],
  'neighbor-gossip': [
    topical('signed', {
      type: 'neighbor-gossip',
      nonce: bytes(1, 16),
      time,
      payload: bytes(0, 130),
      signature: bytes(2, 64),
    }),
    topical('unsigned', {
      type: 'neighbor-gossip',
      nonce: bytes(1, 16),
      time: 0,
      payload: new Uint8Array(0),
      signature: undefined,
    }),
  ],
  prune: [
    topical('shared tree', { type: 'prune', source: undefined }),
    topical('tree of an author without a name', { type: 'prune', source: peer(1) }),
    frame('tree of a named author', inTopic({ type: 'prune', source: peer(1) }), [
      ...met,
      inTopic(gossip),
    ]),
  ],
  graft: [
    topical('link only', { type: 'graft', source: undefined, wanted: undefined }),
    topical('a message', {
      type: 'graft',
      source: peer(1),
      wanted: { author: peer(1), seq: 129, round: 3 },
    }),
  ],
  ihave: [
    topical('none', { type: 'ihave', announcements: [] }),
    topical('two authors', {
      type: 'ihave',
      announcements: [
        { author: peer(1), first: 1, count: 1, round: 0 },
        { author: peer(2), first: 1000, count: 4096, round: 0xffff },
        { author: peer(1), first: 5, count: 2, round: 4 },
      ],
    }),
  ],
  'root-path': [
    topical('the root', { type: 'root-path', term: 1, rank: 0xffff_ffff, costMs: 0 }),
    topical('far from it', { type: 'root-path', term: 300, rank: 7, costMs: 0xffff_ffff }),
  ],
  'graft-refused': [topical('refused', { type: 'graft-refused', author: peer(2), seq: 2 ** 40 })],
  envelope: [
    frame('a frame of history', { type: 'envelope', inflatedBytes: 2000, deflated: bytes(1, 9) }),
  ],
  frontier: [
    topical('in contact', { type: 'frontier', digest: bytes(1, 8), ready: true }),
    topical('new', { type: 'frontier', digest: new Uint8Array(8), ready: false }),
  ],
  'exchange-error': ['violation', 'unknown-exchange', 'not-ready', 'busy', 'failed', 'bad-ops'].map(
    (code, n) => topical(code, { type: 'exchange-error', exchange: n, code }),
  ),
  sharp: [
    topical('no lane', { type: 'sharp', exchange: 0xffff_ffff, tides: [] }),
    topical('its own lane', { type: 'sharp', exchange: 1, tides: [mark(1, 1)] }),
  ],
  coherent: [
    topical('two lanes', { type: 'coherent', exchange: 1, roots: [mark(1, 1), mark(2, 300)] }),
  ],
  ripple: [topical('two ops', { type: 'ripple', exchange: 1, ops: [eva, op], left: 0 })],
  'tidal-wave': [
    topical('two lanes', { type: 'tidal-wave', exchange: 1, tides: [mark(1, 5), mark(2, 300)] }),
    frame(
      'lanes that have names',
      inTopic({ type: 'tidal-wave', exchange: 2, tides: [mark(1, 6), mark(2, 300)] }),
      [...met, inTopic({ type: 'tidal-wave', exchange: 1, tides: [mark(1, 5), mark(2, 300)] })],
    ),
  ],
  'first-wave': [
    topical('nothing new', {
      type: 'first-wave',
      exchange: 1,
      tides: [],
      roots: [],
      ops: [],
      left: 0,
    }),
    topical('both ways', {
      type: 'first-wave',
      exchange: 1,
      tides: [mark(2, 3), none],
      roots: [mark(1, 2)],
      ops: [op],
      left: 1000,
    }),
  ],
  'second-wave': [
    topical('ops', { type: 'second-wave', exchange: 1, roots: [], ops: [eva, op], left: 0 }),
    topical('a root', {
      type: 'second-wave',
      exchange: 1,
      roots: [mark(1, 2)],
      ops: [op],
      left: 1,
    }),
  ],
}

for (const [type, cases] of Object.entries(frames)) write(type, { type, cases: cases.map(encoded) })

write('bytes-hello-transcript', {
  about: 'What `from` signs in its hello-proof to `to`.',
  cases: [
    {
      from: peer(1),
      to: peer(2),
      fromNonce: bytes(0, 32),
      toNonce: bytes(7, 32),
      protocol: 'chat/1 ✓',
      hex: hex(wire.helloTranscript(peer(1), peer(2), bytes(0, 32), bytes(7, 32), 'chat/1 ✓')),
    },
  ].map(plain),
})
write('bytes-message', {
  about: 'The canonical bytes of a message: what its signature covers and its hash names.',
  cases: [message, unsigned].map(({ signature, ...draft }) =>
    plain({ topic, draft, hex: hex(wire.canonicalBytes(topic, draft)) }),
  ),
})

write('bytes-parents', {
  about: 'The extensions of a message that names its parents.',
  cases: [{ mother: undefined, others: [] }, parents].map(each =>
    plain({ parents: each, hex: hex(wire.withParents(each)) }),
  ),
})

write('bytes-presence', {
  about: 'What the signature of a presence covers.',
  cases: [presence, { ...presence, value: undefined }].map(({ signature, ...draft }) =>
    plain({ topic, peer: peer(1), draft, hex: hex(wire.presenceBytes(topic, peer(1), draft)) }),
  ),
})

const packets = [
  packet('ping and control frame', [3, bytes(9, 1)], [0, bytes(1, 20)]),
  packet('pong with an extension', [7, bytes(9, 5)]),
  packet(
    'heads of one, two and three bytes',
    [1, bytes(0, 7)],
    [1, bytes(0, 8)],
    [2, bytes(0, 1024)],
  ),
  packet(
    'a control frame between fragments of a live one',
    [5, bytes(0, 3)],
    [0, bytes(7, 2)],
    [13, bytes(3, 2)],
  ),
]
write(
  'packets',
  { about: 'Packets, and the records in them.', cases: packets.map(plain) },
  linkFolder,
)

function packet(name, ...records) {
  const whole = new Uint8Array(16_384)
  let at = 0
  for (const [kind, content] of records) {
    at = wire.putHead(whole, at, kind, content.length)
    whole.set(content, at)
    at += content.length
  }
  return {
    name,
    records: records.map(([kind, content]) => ({ kind, content: hex(content) })),
    packet: hex(whole.subarray(0, at)),
  }
}

function frame(name, value, given = []) {
  return { name, given, value }
}

function topical(name, value) {
  return frame(name, inTopic(value), met)
}

/** With the frames of `given` and of the value itself, each as it goes into its queue. */
function encoded({ name, given, value }) {
  const encoder = new wire.FrameEncoder()
  const frames = each =>
    encoder.encode(each).map(({ bytes, class: of }) => ({ hex: hex(bytes), class: of }))
  const before = given.flatMap(frames)
  return { name, given: plain(given), before, value: plain(value), frames: frames(value) }
}

/** Bytes as `{ hex }`, absent fields left out. */
function plain(value) {
  if (value instanceof Uint8Array) return { hex: hex(value) }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]))
}

function hex(value) {
  return Buffer.from(value).toString('hex')
}

function write(name, value, into = folder) {
  mkdirSync(into, { recursive: true })
  const file = new URL(`${name}.json`, into)
  if (existsSync(file)) return
  writeFileSync(file, JSON.stringify(value, null, 2) + '\n')
  console.log(`wrote ${name}.json`)
}

async function load(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  return import(`data:text/javascript;base64,${code}`)
}
