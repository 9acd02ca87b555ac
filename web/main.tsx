// The chat page: reads its address, opens the chat, and puts both on the screen.

import { render } from 'preact'
import { readAddress, withAddress } from './address.js'
import { Chat } from './chat.js'
import { OFFLINE } from './failures.js'
import { OwnTabs } from './own-tabs.js'
import { tidyNick } from './payload.js'
import '@fontsource-variable/inter/wght.css'
import './styles/index.css'
import { keptTheme, wearTheme } from './theme.js'
import { titleOf } from './unread.js'
import { Page } from './view/page.js'
import { inventNick } from './words.js'

const address = readAddress(new URL(location.href))
const chat = new Chat(
  address,
  tidyNick(address.name ?? '') || keptNick() || inventNick(Math.random),
)

keepNick(chat.view.nick)
history.replaceState(null, '', withAddress(new URL(location.href), { room: address.room }))
document.title = titleOf(address.room, 0)
wearTheme(keptTheme())

render(<Page chat={chat} room={address.room} onRename={rename} />, document.getElementById('app')!)
void open()
addEventListener('offline', () => chat.show(OFFLINE))
addEventListener('online', () => chat.dismiss(OFFLINE.code))

async function open(): Promise<void> {
  await chat.open()
  if (chat.view.peerId !== '') {
    const tabs = new OwnTabs(address.room, chat.view.peerId, () => chat.setOwnTabs(tabs.peers))
  }
  // For the console: gossamer.topic.neighbors, await gossamer.gossip.inspect(), …
  Object.assign(window, { gossamer: { gossip: chat.gossip, topic: chat.topic } })
}

function rename(nick: string): void {
  chat.rename(nick)
  keepNick(nick)
  history.replaceState(null, '', withAddress(new URL(location.href), { name: nick }))
}

/** A name made up once stays through reloads, for this tab. Where storage is blocked, a new one is made up. */
function keptNick(): string {
  try {
    return tidyNick(sessionStorage.getItem(NICK_KEY) ?? '')
  } catch {
    return ''
  }
}

function keepNick(nick: string): void {
  try {
    sessionStorage.setItem(NICK_KEY, nick)
  } catch {
    // Nothing depends on it.
  }
}

const NICK_KEY = 'gossamer-chat-nick'
