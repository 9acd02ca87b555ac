// The mesh as one peer knows it: itself, its links, the peers it could turn to, and authors it heard of. Pure.

import type { NodeSnapshot } from 'gossamer'

export interface MeshModel {
  self: string
  peers: MeshPeer[]
  links: MeshLink[]
  /** Peers kept for bad days beside the passive view, too many to draw. */
  reserve: number
}

export interface MeshPeer {
  peer: string
  /** `heard`: an author further away than the peers known here. */
  place: 'self' | 'neighbor' | 'coming' | 'passive' | 'heard'
}

/** A line between oneself and a peer. */
export interface MeshLink {
  peer: string
  /** Eager links get messages at once, lazy ones are told what there is; `coming` ones are being made or asked for. */
  kind: 'eager' | 'lazy' | 'coming'
  /** Smoothed round trip, milliseconds. */
  rttMs: number | undefined
  carried: 'lent' | 'relayed' | undefined
}

export function meshOf(
  snapshot: NodeSnapshot,
  topicId: string,
  authors: Iterable<string>,
): MeshModel {
  const self = snapshot.peerId as string
  const topic = snapshot.topics.find(({ topic: id }) => id === topicId)
  const links = new Map<string, MeshLink>()
  const rttOf = new Map<string, NodeSnapshot['links'][number]>()
  for (const link of snapshot.links) rttOf.set(link.peer, link)
  const line = (peer: string, kind: MeshLink['kind']) => {
    const link = rttOf.get(peer)
    links.set(peer, { peer, kind, rttMs: link?.rttMs, carried: link?.kind })
  }
  const lazy = new Set<string>(topic?.broadcast.lazy)
  for (const { peer } of topic?.membership.active ?? [])
    line(peer, lazy.has(peer) ? 'lazy' : 'eager')
  for (const { peer } of topic?.membership.requests ?? [])
    if (!links.has(peer)) line(peer, 'coming')
  for (const { peer, state } of snapshot.links) {
    if (!links.has(peer) && state === 'dialing') line(peer, 'coming')
  }
  const places = new Map<string, MeshPeer['place']>([[self, 'self']])
  const place = (peer: string, where: MeshPeer['place']) => {
    if (!places.has(peer) && places.size < MOST_PEERS) places.set(peer, where)
  }
  for (const { peer, kind } of links.values())
    place(peer, kind === 'coming' ? 'coming' : 'neighbor')
  for (const author of authors)
    if (!topic?.membership.passive.includes(author as never)) place(author, 'heard')
  for (const peer of topic?.membership.passive ?? []) place(peer, 'passive')
  return {
    self,
    peers: [...places].map(([peer, where]) => ({ peer, place: where })),
    links: [...links.values()].filter(({ peer }) => places.has(peer)),
    reserve: topic?.membership.reserve.length ?? 0,
  }
}

/** One sentence for those who don't see the picture. */
export function meshInWords({ peers, links }: MeshModel): string {
  const count = (place: MeshPeer['place']) => peers.filter(one => one.place === place).length
  const lazy = links.filter(({ kind }) => kind === 'lazy').length
  const eager = links.filter(({ kind }) => kind === 'eager').length
  const parts = [
    `${eager} eager and ${lazy} lazy links`,
    `${count('coming')} being made`,
    `${count('passive')} more peers known`,
    `${count('heard')} authors further away`,
  ]
  return `The mesh as this peer knows it: ${parts.filter(part => !part.startsWith('0 ')).join(', ')}.`
}

/** More dots than these say nothing. Five neighbors and a passive view of thirty leave room for authors. */
const MOST_PEERS = 64
