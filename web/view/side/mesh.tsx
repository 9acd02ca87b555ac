import type { Chat, ChatView } from '../../chat.js'

export function MeshTab(_props: { chat: Chat; view: ChatView }) {
  return <p class="hint">The mesh as this peer knows it.</p>
}
