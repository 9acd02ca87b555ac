// A plugin for esbuild: simple-peer without streams, media and what else src/page does not use of it
// (docs/decisions/0003-simple-peer-without-streams.md).

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/**
 * The ready-made simplepeer.min.js brings Node's streams and buffers, four fifths of its size, for a channel
 * the mesh does not use. Here its own source meets stand-ins: docs/decisions/0003-simple-peer-without-streams.md.
 */
export const simplePeerWithoutStreams = {
  name: 'simple-peer-without-streams',
  setup(build) {
    const source = fileURLToPath(new URL('../node_modules/simple-peer/index.js', import.meta.url))
    build.onResolve({ filter: /^simple-peer\/simplepeer\.min\.js$/ }, () => ({ path: source }))
    build.onLoad({ filter: /[/\\]simple-peer[/\\]index\.js$/ }, async ({ path }) => ({
      contents: withoutUnused(await readFile(path, 'utf8')),
    }))
    build.onResolve({ filter: /^readable-stream$/ }, ({ importer }) =>
      importer === source ? { path: STAND_IN } : undefined,
    )
  },
}

/** Without its diary, which nobody reads in a page, and without what it does for streams, tracks and bytes. */
function withoutUnused(source) {
  for (const [name, instead] of Object.entries(UNUSED_METHODS)) {
    const method = new RegExp(`\n  ${name} \\(([^)]*)\\) {\n[\\s\\S]*?\n  }\n`)
    if (!method.test(source)) throw new Error(`simple-peer has no method ${name} any more`)
    source = source.replace(method, () =>
      instead === undefined ? '\n' : `\n  ${name} ${instead}\n`,
    )
  }
  for (const [unused, instead] of UNUSED_LINES) {
    if (!unused.test(source)) throw new Error(`simple-peer has nothing like ${unused} any more`)
    source = source.replace(unused, instead)
  }
  // The minifier takes out what is never said.
  return privately(source.replaceAll('this._debug(', 'false && this._debug('))
}

/** What begins with `_` is its own: by short names. */
function privately(source) {
  const names = [...new Set(source.match(/\b_[a-z]\w+/g))]
  return source.replace(/\b_[a-z]\w+/g, name => `_${names.indexOf(name).toString(36)}`)
}

/**
 * What `src/page` has no use for, and what stands in its place where simple-peer itself calls it: it sends no bytes by simple-peer and
 * has no media, all candidates trickle, and nobody asks for addresses (docs/decisions/0003…).
 */
const UNUSED_METHODS = {
  address: undefined,
  send: undefined,
  addTransceiver: undefined,
  addStream: undefined,
  addTrack: undefined,
  replaceTrack: undefined,
  removeTrack: undefined,
  removeStream: undefined,
  getStats: undefined,
  _write: undefined,
  destroy: undefined,
  _onFinish: undefined,
  _onInterval: undefined,
  _onTrack: undefined,
  _debug: undefined,
  _onChannelBufferedAmountLow: undefined,
  // What came does not matter: whoever sends bytes there is not one of us.
  _onChannelMessage: `() {
    if (!this.destroyed) this.emit('data')
  }`,
  _requestMissingTransceivers: undefined,
  _startIceCompleteTimeout: undefined,
  // Without the candidates' addresses, for which the original waits.
  _maybeReady: `() {
    if (this._connected || !this._pcReady || !this._channelReady) return
    this._connected = true
    this.emit('connect')
  }`,
}

/** And lines of what is left: about the same, about codes of errors that nobody reads, and options that are always given. */
const UNUSED_LINES = [
  [/errCode\(((?:new Error\([^\n]*\))|err), 'ERR_\w+'\)/g, '$1'],
  [/\n {4}this\.(?:remote|local)(?:Address|Family|Port) = undefined/g, ''],
  [
    /\n {4,6}this\.(?:_remoteTracks|_remoteStreams|_senderMap|_chunk|_cb|_interval|_iceCompleteTimer) = [^\n]*/g,
    '',
  ],
  [
    /\n {4}this\.(?:streams|allowHalfTrickle|iceCompleteTimeout|_isReactNativeWebrtc) = [^\n]*/g,
    '',
  ],
  [/\n {4}if \(!this\._wrtc\) {\n[\s\S]*?\n {4}}\n/, '\n'],
  [/ && typeof opts\.wrtc === 'object'/, ''],
  [/\n {4}if \(this\.streams\) {\n[\s\S]*?\n {4}}\n/, '\n'],
  [/\n {4}this\._onFinishBound = [\s\S]*?this\.once\('finish', this\._onFinishBound\)/, ''],
  [/\n {6}if \(this\._onFinishBound\)[^\n]*\n {6}this\._onFinishBound = null/, ''],
  [/\n {6}clearInterval\(this\._interval\)/, ''],
  [/\n {8}if \(!this\.trickle && !this\.allowHalfTrickle\)[^\n]*/g, ''],
  [/\n {4}if \(data\.transceiverRequest && this\.initiator\) {\n[\s\S]*?\n {4}}/, ''],
  [/\n {6}this\._sendersAwaitingStable\.forEach\([\s\S]*?\n {6}}\)\n[^\n]*/, ''],
  [/\n {2}get (?:bufferSize|connected) \(\) {\n[\s\S]*?\n {2}}/g, ''],
  [
    /const err = event\.error instanceof Error\n[^\n]*\n[^\n]*\n {6}this\.destroy\(err\)/,
    'this.destroy(event.error)',
  ],
  // As a module it needs no wrapping.
  [/const stream = require\('readable-stream'\)/, "import * as stream from 'readable-stream'"],
  [/module\.exports = Peer/, 'export default Peer'],
  // Modules of which nothing is left.
  [/\nconst (?:debug|getBrowserRTC|queueMicrotask|errCode|{ Buffer }) = require[^\n]*/g, ''],
  [/\nconst randombytes = require[^\n]*/, ''],
  // The label of a channel that nobody else sees.
  [/randombytes\(20\)\.toString\('hex'\)/, "'unused'"],
  [/opts = Object\.assign\({\n[^\n]*\n {4}}, opts\)\n/, ''],
  [/ {4}this\._id = [^\n]*/, ''],
  [/ {6}\? opts\.channelName \|\|/, '      ?'],
  [/opts\.initiator \|\| false/, 'opts.initiator'],
  [/opts\.channelConfig \|\| Peer\.channelConfig\n[^\n]*/, '{}'],
  [/this\.initiator \|\| this\.channelNegotiated/, 'this.initiator'],
  [/Object\.assign\({}, Peer\.config, opts\.config\)/, 'opts.config'],
  [/opts\.offerOptions \|\| {}/, 'opts.offerOptions'],
  [/\n {4}this\.(?:answerOptions|sdpTransform|trickle|_iceComplete) = [^\n]*/g, ''],
  [/createAnswer\(this\.answerOptions\)/, 'createAnswer()'],
  [/\n[^\n]*this\.sdpTransform\([^\n]*/g, ''],
  [/if \(this\.trickle \|\| this\._iceComplete\) (send\w+\(\))\n[^\n]*/g, '$1'],
  [/event\.candidate && this\.trickle/, 'event.candidate'],
  [/ else if \(!event\.candidate && !this\._iceComplete\) {\n[\s\S]*?\n {4}}/, ''],
  [/\n {4}if \(event\.candidate\) {\n[^\n]*_startIceCompleteTimeout[^\n]*\n {4}}/, ''],
  [/\n[^\n]*_requestMissingTransceivers\(\)/, ''],
  [/\(opts\.wrtc\)\n[^\n]*\n[^\n]*/, 'opts.wrtc'],
  [/\n {4}this\._pc\.ontrack = event => {\n[\s\S]*?\n {4}}/, ''],
  [/\n +this\._pc\.ontrack = null/, ''],
  [/\n {4}if \(typeof data === 'string'\) {\n[\s\S]*?\n {4}}/, ''],
  // What is none of these never comes there (src/signaling/simple-peer.ts).
  [/\n {4}if \(!data\.sdp && !data\.candidate[^\n]*\n[^\n]*\n {4}}/, ''],
  [/\n {4}if \(typeof this\._channel\.bufferedAmountLowThreshold [\s\S]*?\n {4}}/, ''],
  [/\n {4}this\.channelName = this\._channel\.label/, ''],
  [/\n {4}if \(!event\.channel\) {\n[\s\S]*?\n {4}}/, ''],
  [/\n {4}this\._sendersAwaitingStable = \[\]/, ''],
  [/, iceGatheringState\)/, ')'],
  [/\n {4}this\._channel\.onbufferedamountlow = [\s\S]*?\n {4}}/, ''],
  [/\n {6}this\.readable = this\.writable = false/, ''],
  [/\n {6}if \(!this\._(?:readable|writable)State\.[^\n]*/g, ''],
  [/ else {\n[^\n]*\n {8}this\.emit\('negotiated'\)\n {6}}/, ''],
  [/\n {4}this\.emit\('signalingStateChange'[^\n]*/, ''],
  // A stream's two halves of one method.
  [/\n {2}_destroy \(err, cb\)/, '\n  destroy (err)'],
  [/\n {6}cb\(\)/, ''],
  [/\n {2}_read \(\) {}/, ''],
  [/\nPeer\.WEBRTC_SUPPORT[\s\S]*?(?=\nexport default)/, ''],
]

const STAND_IN = fileURLToPath(new URL('simple-peer/readable-stream.mjs', import.meta.url))
