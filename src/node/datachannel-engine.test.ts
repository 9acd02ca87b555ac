import { afterEach, describe, expect, it, vi } from 'vitest'
import { nativeConfig } from './datachannel-connection.js'
import { datachannelEngine } from './datachannel-engine.js'

afterEach(() => {
  vi.doUnmock('node-datachannel')
  vi.resetModules()
})

describe('WebRTC in Node', () => {
  it('without node-datachannel says what to install', async () => {
    vi.doMock('node-datachannel', () => {
      throw new Error("Cannot find package 'node-datachannel'")
    })
    await expect(datachannelEngine()).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('npm install node-datachannel'),
    })
  })

  it('writes names and passwords of TURN servers so that none of their letters is a separator', () => {
    const iceServers = [
      { urls: 'stun:stun.test:3478' },
      { urls: ['turn:turn.test?transport=udp'], username: '170:me@x', credential: 'a/b+c=' },
    ]
    expect(nativeConfig({ iceServers }).iceServers).toEqual([
      'stun:stun.test:3478',
      'turn:170%3Ame%40x:a%2Fb%2Bc%3D@turn.test?transport=udp',
    ])
  })

  it('leaves out servers it could not ask', () => {
    const iceServers = [{ urls: ['stuns:a.test', 'http://b.test', 'turns:c.test'] }]
    expect(nativeConfig({ iceServers }).iceServers).toEqual(['turns:c.test'])
  })
})
