// Faults to try on this tab. What they did shows in the picture, in the state and in the log.

import type { Fault, PeerId } from 'gossamer'
import type { Chat } from './chat.js'
import { wordsOf } from './failures.js'
import { nameIn } from './journal.js'
import { namesOf } from './people.js'
import { counted } from './words.js'

/** Breaks the link to a neighbor, as if its network had gone. */
export async function dropLink(chat: Chat, peer: string): Promise<void> {
  const words = `You dropped the link to ${nameIn(namesOf(chat.view), peer)}.`
  await provoke(chat, words, { kind: 'lose-link', peer: peer as PeerId })
}

/** Puts the signaling server out of reach, or mends the way to it. */
export async function cutSignaling(chat: Chat, isCut: boolean): Promise<void> {
  const words = `You ${isCut ? 'cut' : 'mended'} the way to the signaling server.`
  const done = await provoke(chat, words, { kind: isCut ? 'cut-signaling' : 'mend-signaling' })
  if (done) chat.setCut(isCut)
}

/** Keeps the page's thread busy, and tells what its worker did meanwhile. */
export async function freeze(chat: Chat): Promise<void> {
  const frames = async () => {
    const metrics = await chat.gossip?.metrics()
    return (metrics?.['gossip-received'] ?? 0) + (metrics?.['gossip-sent'] ?? 0)
  }
  try {
    const before = await frames()
    const until = performance.now() + FREEZE_MS
    while (performance.now() < until);
    const meanwhile = (await frames()) - before
    const passed = `took in and passed on ${counted(meanwhile, 'message')}`
    chat.note(
      'trial',
      `You froze this page for ${FREEZE_MS / 1_000} s; its worker ${passed} meanwhile.`,
    )
  } catch (error) {
    chat.note('trouble', wordsOf(error))
  }
}

async function provoke(chat: Chat, words: string, fault: Fault): Promise<boolean> {
  chat.note('trial', words)
  try {
    await chat.gossip?.provoke(fault)
    return true
  } catch (error) {
    chat.note('trouble', wordsOf(error))
    return false
  }
}

/** Long enough to see that nothing else stops. */
const FREEZE_MS = 3_000
