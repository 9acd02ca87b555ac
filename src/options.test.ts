import { describe, expect, it } from 'vitest'
import { EVENT_CREDIT } from './bridge/node-messages.js'
import { checkReadHistory, type ReadHistoryOptions } from './history-options.js'
import {
  checkJoin,
  checkOptions,
  DEFAULTS,
  type GossipOptions,
  type JoinOptions,
} from './options.js'
import { somePeer } from './page/fake-node.suite.js'
import { topicIdOf } from './page/topic-name.js'

describe('the seed’s defaults', () => {
  const m = DEFAULTS.membershipConfig
  const b = DEFAULTS.broadcastConfig
  it.each([
    ['Active view capacity', m.activeViewCapacity, 5],
    ['Passive view capacity', m.passiveViewCapacity, 30],
    ['Active random walk length', m.activeRandomWalkLength, 6],
    ['Passive random walk length', m.passiveRandomWalkLength, 3],
    ['Shuffle random walk length', m.shuffleRandomWalkLength, 6],
    ['Shuffle active view count', m.shuffleActiveViewCount, 3],
    ['Shuffle passive view count', m.shufflePassiveViewCount, 4],
    ['Shuffle interval', m.shuffleIntervalMs, 60_000],
    ['Graft timeout 1', b.graftTimeout1Ms, 80],
    ['Graft timeout 2', b.graftTimeout2Ms, 40],
    ['Dispatch timeout', b.dispatchTimeoutMs, 5],
    ['Optimization threshold', b.optimizationThreshold, 7],
    ['Message cache retention', b.messageCacheRetentionMs, 30_000],
    ['Message ID retention', b.messageIdRetentionMs, 90_000],
    ['Cache evict interval', b.cacheEvictIntervalMs, 1_000],
    ['Max message size', DEFAULTS.maxMessageSize, 4096],
    ['Topic event channel capacity', EVENT_CREDIT, 256],
    ['Topic events default capacity', DEFAULTS.subscriptionCapacity, 2048],
  ])('%s', (_row, ours, seeds) => expect(ours).toBe(seeds))

  it('pass their own checks', async () => {
    const { membershipConfig, broadcastConfig } = DEFAULTS
    expect((await checkOptions({ membershipConfig, broadcastConfig })).node).toEqual(
      (await checkOptions({})).node,
    )
  })
})

describe('options of open', () => {
  it.each<[string, unknown, string]>([
    ['not an object', 7, 'options is an object; given was 7'],
    [
      'unknown key',
      { signalling: 'x' },
      'options has no option "signalling"; there are signaling,',
    ],
    ['relative URL', { signaling: '/signal' }, 'signaling is an absolute ws:'],
    ['other scheme', { signaling: 'ftp://a' }, 'given was "ftp://a"'],
    ['fragment', { signaling: 'ws://a/#b' }, 'signaling'],
    ['password', { signaling: 'ws://a:b@c' }, 'signaling'],
    ['not a URL', { signaling: 7 }, 'signaling'],
    ['ice not a list', { iceServers: 'stun:a' }, 'iceServers is a list'],
    ['ice too many', { iceServers: Array(33).fill({ urls: 'stun:a' }) }, 'iceServers'],
    ['ice unknown key', { iceServers: [{ url: 'stun:a' }] }, 'iceServers[0] has no option "url"'],
    ['ice not stun', { iceServers: [{ urls: 'http://a' }] }, 'iceServers[0].urls'],
    ['ice no urls', { iceServers: [{ urls: [] }] }, 'iceServers[0].urls'],
    ['turn without name', { iceServers: [{ urls: 'turn:a' }] }, 'iceServers[0].username'],
    [
      'turn without word',
      { iceServers: [{ urls: 'turn:a', username: 'b' }] },
      'iceServers[0].credential is text: a TURN server asks for it; given was undefined',
    ],
    ['size 0', { maxMessageSize: 0 }, 'maxMessageSize is a whole number from 1 to 1048576'],
    ['size above', { maxMessageSize: 1048577 }, 'given was 1048577'],
    ['size half', { maxMessageSize: 1.5 }, 'maxMessageSize'],
    ['size text', { maxMessageSize: '4096' }, 'given was "4096"'],
    ['config key', { membershipConfig: { active: 5 } }, 'membershipConfig has no option "active"'],
    [
      'config value',
      { membershipConfig: { activeViewCapacity: 0 } },
      'membershipConfig.activeViewCapacity',
    ],
    [
      'config NaN',
      { broadcastConfig: { graftTimeout1Ms: Number.NaN } },
      'broadcastConfig.graftTimeout1Ms',
    ],
    [
      'shuffle too large',
      { membershipConfig: { shufflePassiveViewCount: 13 } },
      'at most 15 together',
    ],
    [
      'backoff upside down',
      { membershipConfig: { largestBackoffMs: 100 } },
      'at least retryBackoffMs, 500',
    ],
    [
      'ids forgotten early',
      { broadcastConfig: { messageIdRetentionMs: 1 } },
      'messageIdRetentionMs',
    ],
    ['protocol empty', { protocol: '' }, 'protocol is text of 1 to 64'],
    ['protocol bytes', { protocol: new Uint8Array(2) }, 'given was Uint8Array of 2'],
    [
      'storage kind',
      { storage: 'disk' },
      'storage.kind is "indexeddb" or "memory"; given was "disk"',
    ],
    ['storage key', { storage: { path: 'x' } }, 'storage has no option "path"'],
    ['storage name', { storage: { name: 'a b' } }, 'storage.name'],
    ['worker', { worker: 'worker.js' }, 'worker is a Worker or a function'],
    ['link', { link: 'lent' }, 'link is "auto" or "relayed"'],
    ['peer data', { peerData: new Uint8Array(257) }, 'peerData is at most 256 bytes'],
    ['peer data text', { peerData: 'me' }, 'peerData is a Uint8Array'],
    ['signal', { signal: true }, 'signal is an AbortSignal; given was true'],
  ])(
    '%s is refused with its name, what was given and what is allowed',
    async (_case, given, words) => {
      await expect(checkOptions(given as GossipOptions)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(words),
      })
    },
  )

  it.each([
    ['ws://a/x?y=1', 'ws://a/x?y=1'],
    ['https://a:8787/x', 'wss://a:8787/x'],
    ['http://localhost:8787', 'ws://localhost:8787/'],
    ['wss://a', 'wss://a/'],
  ])('%s is taken as %s', async (given, taken) => {
    expect((await checkOptions({ signaling: given })).node.signaling).toBe(taken)
    expect((await checkOptions({ signaling: new URL(given) })).node.signaling).toBe(taken)
  })

  it('an option that is undefined is as good as left out', async () => {
    const given = {
      signaling: undefined,
      maxMessageSize: undefined,
      membershipConfig: { activeViewCapacity: undefined },
    }
    expect((await checkOptions(given as unknown as GossipOptions)).node).toEqual(
      (await checkOptions({})).node,
    )
  })

  it('a config keeps the defaults of what is left out', async () => {
    const { node } = await checkOptions({ membershipConfig: { activeViewCapacity: 7 } })
    expect(node.membership).toEqual({ ...DEFAULTS.membershipConfig, activeViewCapacity: 7 })
  })

  it('peer data and ICE servers are copies', async () => {
    const peerData = new Uint8Array([1])
    const iceServers = [{ urls: ['turn:a'], username: 'b', credential: 'c' }]
    const { node } = await checkOptions({ peerData, iceServers })
    peerData[0] = 2
    iceServers[0]!.username = 'x'
    expect(node.peerData).toEqual(new Uint8Array([1]))
    expect(node.iceServers).toEqual([{ urls: ['turn:a'], username: 'b', credential: 'c' }])
  })
})

function* endless<T>(one: T): Generator<T> {
  for (;;) yield one
}

const WAVEFRONT = { protocol: 'wavefront' } as const

describe('options of subscribe', () => {
  it.each<[string, unknown, string]>([
    ['unknown key', { bootstraps: [] }, 'options has no option "bootstraps"'],
    ['bootstrap no list', { bootstrap: 7 }, 'bootstrap is a list of peer ids; given was 7'],
    ['bootstrap text', { bootstrap: somePeer(1) }, 'bootstrap is a list of peer ids'],
    ['bootstrap id', { bootstrap: [somePeer(1), 'x'] }, 'bootstrap[1] is a peer id'],
    [
      'bootstrap id after another twice',
      { bootstrap: [somePeer(1), somePeer(1), 7] },
      'bootstrap[2]',
    ],
    ['bootstrap without end', { bootstrap: endless(somePeer(1)) }, 'bootstrap is at most 1000'],
    ['bootstrap capitals', { bootstrap: [somePeer(1).toUpperCase()] }, 'bootstrap[0]'],
    [
      'capacity',
      { subscriptionCapacity: 0 },
      'subscriptionCapacity is a whole number from 1 to 65536',
    ],
    ['membership', { membership: 'mesh' }, 'membership is "hyparview"'],
    ['history', { history: 'all' }, 'history is "none", or { protocol: "wavefront" }'],
    ['history without protocol', { history: {} }, 'history.protocol is "wavefront"'],
    ['history key', { history: { ...WAVEFRONT, keep: 1 } }, 'history has no option "keep"'],
    ['retention', { history: { ...WAVEFRONT, retention: 7 } }, 'history.retention is an object'],
    [
      'retention key',
      { history: { ...WAVEFRONT, retention: { maxAgeMs: 7 } } },
      'history.retention has no option "maxAgeMs"',
    ],
    [
      'maxAge',
      { history: { ...WAVEFRONT, retention: { maxAge: 999 } } },
      'history.retention.maxAge is a whole number from 1000',
    ],
    [
      'maxOps',
      { history: { ...WAVEFRONT, retention: { maxOps: 0 } } },
      'history.retention.maxOps is a whole number from 1 to 1000000',
    ],
    [
      'maxBytes',
      { history: { ...WAVEFRONT, retention: { maxBytes: '1' } } },
      'history.retention.maxBytes is a whole number from 1024',
    ],
    ['order', { order: 'total' }, 'order is "arrival" or "causal"'],
    ['order without history', { order: 'causal' }, 'order is "arrival" without a history'],
    [
      'history unsigned',
      { history: { protocol: 'wavefront' }, signed: false },
      'signed is true with a history',
    ],
    ['signed', { signed: 0 }, 'signed is true or false; given was 0'],
    ['signal', { signal: {} }, 'signal is an AbortSignal'],
  ])('%s is refused with its name, what was given and what is allowed', (_case, given, words) => {
    expect(() => checkJoin(given as JoinOptions, 4096)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringContaining(words),
      }),
    )
  })
})

describe('a history', () => {
  it('is a term of the topic, its retention and order are our own', () => {
    const { terms, history } = checkJoin(
      { history: { ...WAVEFRONT, retention: { maxOps: 5 } }, order: 'causal' },
      4096,
    )
    expect(terms.history).toBe('wavefront')
    expect(history).toEqual({
      retention: { maxAgeMs: 2_592_000_000, maxBytes: 67_108_864, maxOps: 5 },
      order: 'causal',
    })
    expect(checkJoin({}, 4096)).toMatchObject({ terms: { history: 'none' }, history: undefined })
  })

  it.each<[string, unknown, string]>([
    ['unknown key', { from: 1 }, 'options has no option "from"'],
    ['since', { since: -1 }, 'since is a whole number from 0'],
    ['limit', { limit: 0 }, 'limit is a whole number from 1 to 1000000'],
    ['live', { live: 1 }, 'live is true or false; given was 1'],
    ['signal', { signal: 1 }, 'signal is an AbortSignal'],
  ])('is not read with a wrong %s', (_, given, words) => {
    expect(() => checkReadHistory(given as ReadHistoryOptions)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringContaining(words),
      }),
    )
  })
})

describe('names of topics', () => {
  it('the same name is the same topic, another is another', () => {
    expect(topicIdOf('tea')).toBe(topicIdOf('tea'))
    expect(topicIdOf('tea')).not.toBe(topicIdOf('Tea'))
  })

  it('a name’s id is SHA-256 of the domain tag and the name', async () => {
    const tagged = new TextEncoder().encode('gossamer topic\0tea')
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', tagged))
    expect(topicIdOf('tea')).toBe(topicIdOf(hash))
  })

  it('a string is a name, also where it looks like an id', () => {
    const id = topicIdOf('tea')
    expect(topicIdOf({ id })).toBe(id)
    expect(topicIdOf(id)).not.toBe(id)
  })

  it('256 bytes of UTF-8 are a name, 257 and none are not', () => {
    expect(() => topicIdOf('é'.repeat(128))).not.toThrow()
    const refused = expect.objectContaining({ code: 'invalid-argument' })
    for (const wrong of ['', 'a'.repeat(257), 'é'.repeat(129), '\ud800']) {
      expect(() => topicIdOf(wrong)).toThrow(refused)
    }
    expect(() => topicIdOf('a'.repeat(257))).toThrow(/1 to 256 bytes.*257/)
  })

  it.each([
    [new Uint8Array(31)],
    [{ id: new Uint8Array(33) }],
    [{ id: 'tea' }],
    [{}],
    [null],
    [undefined],
    [7],
    [[1, 2]],
  ])('%o is no topic', wrong => {
    expect(() => topicIdOf(wrong as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
