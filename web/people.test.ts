import { expect, it } from 'vitest'
import type { ChatView } from './chat.js'
import type { Present } from './here.js'
import { namesOf, peopleOf } from './people.js'

it('people are told in an order: you, neighbors, others here, those who spoke, those who went', () => {
  const present = (leftAt?: number, typing = false): Present => ({ nick: 'N', typing, leftAt })
  const view = {
    peerId: 'me',
    nick: 'Me',
    neighbors: ['b', 'c'],
    here: new Map([
      ['gone early', present(10)],
      ['c', present(undefined, true)],
      ['far', present()],
      ['gone late', present(20)],
    ]),
    nicks: new Map([['b', 'Bo']]),
    ownTabs: new Set(['c']),
    entries: [
      { author: 'spoke first', at: 1 },
      { author: 'far', at: 2 },
      { author: 'spoke last', at: 3 },
      { author: 'gone late', at: 4 },
      { author: 'me', at: 5 },
    ],
  } as unknown as ChatView
  const people = peopleOf(view)
  expect(people.map(({ peer, place }) => `${place}: ${peer}`)).toEqual([
    'you: me',
    'neighbor: b',
    'neighbor: c',
    'here: far',
    'heard: spoke last',
    'heard: spoke first',
    'gone: gone late',
    'gone: gone early',
  ])
  expect(people[1]).toMatchObject({
    nick: 'Bo',
    isTyping: false,
    isOwnTab: false,
    leftAt: undefined,
  })
  expect(people[2]).toMatchObject({ nick: 'N', isTyping: true, isOwnTab: true })
  expect(people[6]).toMatchObject({ lastSpokeAt: 4, leftAt: 20 })
})

it('a peer goes by the name it shows now, else by the one it last spoke under', () => {
  const view = {
    here: new Map([['a', { nick: 'New', typing: false, leftAt: undefined }]]),
    nicks: new Map([
      ['a', 'Old'],
      ['b', 'Bo'],
    ]),
  } as unknown as ChatView
  expect([...namesOf(view)]).toEqual([
    ['a', 'New'],
    ['b', 'Bo'],
  ])
})
