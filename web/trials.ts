// Faults to try on this tab. What they did shows in the picture, in the state and in the log.

import type { Fault, PeerId } from 'gossamer'
import type { Chat } from './chat.js'
import { wordsOf } from './failures.js'
import { nameIn } from './journal.js'
import { namesOf } from './people.js'
import { counted } from './words.js'

/** Breaks the link to a neighbor, as if its network had gone. Resolves with what happened, in words. */
export function dropLink(chat: Chat, peer: string): Promise<string> {
  const words = `You dropped the link to ${nameIn(namesOf(chat.view), peer)}.`
  return provoke(chat, words, { kind: 'lose-link', peer: peer as PeerId })
}

/** Puts the signaling server out of reach, or mends the way to it. */
export function cutSignaling(chat: Chat, isCut: boolean): Promise<string> {
  const words = `You ${isCut ? 'cut' : 'mended'} the way to the signaling server.`
  const fault: Fault = { kind: isCut ? 'cut-signaling' : 'mend-signaling' }
  return provoke(chat, words, fault, () => chat.setCut(isCut))
}

/** Keeps the page's thread busy, and tells what its worker did meanwhile. */
export async function freeze(chat: Chat): Promise<string> {
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
    const words = `You froze this page for ${FREEZE_MS / 1_000} s; its worker ${passed} meanwhile.`
    return told(chat, 'trial', words)
  } catch (error) {
    return told(chat, 'trouble', wordsOf(error))
  }
}

async function provoke(chat: Chat, words: string, fault: Fault, done = () => {}): Promise<string> {
  try {
    await chat.gossip?.provoke(fault)
    done()
    return told(chat, 'trial', words)
  } catch (error) {
    return told(chat, 'trouble', wordsOf(error))
  }
}

function told(chat: Chat, kind: 'trial' | 'trouble', words: string): string {
  chat.note(kind, words)
  return words
}

/** Long enough to see that nothing else stops. */
const FREEZE_MS = 3_000
