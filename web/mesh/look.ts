// What the node says of itself, asked for again and again while someone looks.

import type { NodeMetrics, NodeSnapshot } from 'gossamer'
import { useEffect, useState } from 'preact/hooks'
import type { Chat, ChatView } from '../chat.js'

export interface Look {
  snapshot: NodeSnapshot
  metrics: NodeMetrics
}

/** Undefined until the node has answered. A new look soon after neighbors changed, else once a second. */
export function useLook(chat: Chat, view: ChatView): Look | undefined {
  const [look, setLook] = useState<Look>()

  useEffect(() => {
    let isOver = false
    const ask = async () => {
      const { gossip } = chat
      if (gossip === undefined || document.visibilityState !== 'visible') return
      try {
        const [snapshot, metrics] = await Promise.all([gossip.inspect(), gossip.metrics()])
        if (!isOver) setLook({ snapshot, metrics })
      } catch {
        // What broke the node has its own notice; the last look stays.
      }
    }
    void ask()
    const timer = setInterval(() => void ask(), LOOK_EVERY_MS)
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [chat, view.neighbors, view.peerId])

  return look
}

/** Costs the worker a snapshot each. */
const LOOK_EVERY_MS = 1_000
