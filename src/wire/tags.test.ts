import { expect, it } from 'vitest'
import { plumtreeMessage } from '../core/broadcast/plumtree/messages.js'
import { historyMessage } from '../core/history/messages.js'
import { wavefrontMessage } from '../core/history/wavefront/messages.js'
import { membershipMessage } from '../core/membership/messages.js'
import { linkFrame } from './frame.js'
import { FIRST_TOPIC_TAG, FRAME_TAGS } from './tags.js'

const TOPIC_PROTOCOLS = [membershipMessage, plumtreeMessage, historyMessage, wavefrontMessage]
const PROTOCOLS = [linkFrame, ...TOPIC_PROTOCOLS]

it('the table of tags is what the protocols write, no more and no less', () => {
  const written = PROTOCOLS.flatMap(protocol => [...protocol.tags])
  expect(Object.fromEntries(written)).toEqual(FRAME_TAGS)
  expect(written).toHaveLength(Object.keys(FRAME_TAGS).length)
})

it('no tag is given twice', () => {
  const tags = Object.values(FRAME_TAGS)
  expect(new Set(tags).size).toBe(tags.length)
})

it('a tag below 16 is the link’s own, any other a topic’s', () => {
  for (const tag of linkFrame.tags.values()) expect(tag).toBeLessThan(FIRST_TOPIC_TAG)
  for (const protocol of TOPIC_PROTOCOLS) {
    for (const tag of protocol.tags.values()) expect(tag).toBeGreaterThanOrEqual(FIRST_TOPIC_TAG)
  }
})
