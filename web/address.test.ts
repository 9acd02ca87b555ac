import { expect, test } from 'vitest'
import { invitation, readAddress, withAddress } from './address.js'

const read = (href: string) => readAddress(new URL(href))

test('a bare address leads to the lobby, with signaling where the page came from', () => {
  expect(read('http://localhost:8787/')).toEqual({
    room: 'lobby',
    name: undefined,
    signaling: 'ws://localhost:8787/signaling',
    link: undefined,
    storage: undefined,
    history: 'wavefront',
  })
})

test('a page over https signals over wss', () => {
  expect(read('https://chat.example/?room=x').signaling).toBe('wss://chat.example/signaling')
})

test('everything asked for is handed on as it stands, right or wrong', () => {
  const href =
    'http://localhost/?room=a%20b&name=Ada&signaling=nonsense&link=relayed&storage=memory&history=none'
  expect(read(href)).toEqual({
    room: 'a b',
    name: 'Ada',
    signaling: 'nonsense',
    link: 'relayed',
    storage: 'memory',
    history: 'none',
  })
})

test('blank values count as absent', () => {
  expect(read('http://localhost/?room=%20&name=')).toMatchObject({ room: 'lobby', name: undefined })
})

test('a change keeps the rest of the address', () => {
  const next = withAddress(new URL('http://localhost/?link=relayed'), {
    room: 'x & y',
    name: 'Ada',
  })
  expect(read(next)).toMatchObject({ room: 'x & y', name: 'Ada', link: 'relayed' })
})

test('an invitation names the room and the signaling, not the one who invites', () => {
  const link = invitation(new URL('http://localhost/?name=Ada&signaling=ws%3A%2F%2Fs%2F'), 'tea')
  expect(read(link)).toMatchObject({ room: 'tea', name: undefined, signaling: 'ws://s/' })
})
