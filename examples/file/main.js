// A file in pieces. Each piece is a message of its own: file number, piece number, number of pieces, then bytes; piece 0
// is the name. Pieces may overtake each other, and a stranger may send anything: everything is checked and bounded.
import { Gossip, shortId } from 'gossamer'

const PIECE_BYTES = 16_000
const HEAD_BYTES = 8
const LARGEST_FILE_BYTES = 1_000_000
const MOST_PIECES = Math.ceil(LARGEST_FILE_BYTES / PIECE_BYTES) + 1
const MOST_FILES = 20
const MOST_ROWS = 50

const gossip = await Gossip.open({
  signaling: new URL('/signaling', location.href),
  maxMessageSize: PIECE_BYTES + HEAD_BYTES,
})
const topic = gossip.subscribe('files for everybody')

// ——— sending

const input = document.querySelector('#file')
input.addEventListener('change', async () => {
  const file = input.files[0]
  if (file === undefined) return
  // So that the same file can be chosen again.
  input.value = ''
  if (file.size > LARGEST_FILE_BYTES)
    return say(`${file.name} has ${file.size} bytes; at most ${LARGEST_FILE_BYTES} go.`)
  const bytes = new Uint8Array(await file.arrayBuffer())
  const pieces = [new TextEncoder().encode(file.name).subarray(0, 255)]
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    pieces.push(bytes.subarray(at, at + PIECE_BYTES))
  const row = addRow(`${file.name} to everybody`)
  const number = crypto.getRandomValues(new Uint32Array(1))[0]
  let alone = false
  for (const [index, piece] of pieces.entries()) {
    const message = new Uint8Array(HEAD_BYTES + piece.length)
    const head = new DataView(message.buffer)
    head.setUint32(0, number)
    head.setUint16(4, index)
    head.setUint16(6, pieces.length)
    message.set(piece, HEAD_BYTES)
    try {
      // Resolves when the links have taken it: so this goes no faster than they do.
      const { neighbors } = await topic.broadcast(message)
      alone ||= neighbors === 0
    } catch (error) {
      row.stop()
      return say(error.message)
    }
    row.progress((index + 1) / pieces.length)
  }
  if (alone) row.stop('(nobody was here; who comes within half a minute still gets it)')
  else row.done()
})

// ——— receiving

const files = new Map()
topic.addEventListener('received', ({ detail: { author, content } }) => {
  if (content.length < HEAD_BYTES) return
  const head = new DataView(content.buffer, content.byteOffset, HEAD_BYTES)
  const [index, count] = [head.getUint16(4), head.getUint16(6)]
  if (count > MOST_PIECES || index >= count) return
  const key = `${author} ${head.getUint32(0)}`
  const file = files.get(key) ?? {
    pieces: new Map(),
    count,
    row: addRow(`from ${shortId(author)}`),
  }
  if (file.count !== count) return
  files.set(key, file)
  if (files.size > MOST_FILES) {
    const [oldest, { row }] = files.entries().next().value
    row.stop()
    files.delete(oldest)
  }
  // A view would keep the whole packet it came in.
  file.pieces.set(index, content.slice(HEAD_BYTES))
  file.row.progress(file.pieces.size / count)
  if (file.pieces.size < count) return
  files.delete(key)
  const parts = Array.from({ length: count }, (_, i) => file.pieces.get(i))
  const name = new TextDecoder().decode(parts[0].subarray(0, 255))
  file.row.done(name, URL.createObjectURL(new Blob(parts.slice(1))))
})

// ——— what one sees

const list = document.querySelector('#files')

function addRow(text) {
  const [item, label, bar] = ['li', 'span', 'progress'].map(tag => document.createElement(tag))
  label.textContent = `${text} `
  bar.setAttribute('aria-label', text)
  item.append(label, bar)
  list.append(item)
  if (list.children.length > MOST_ROWS) {
    const oldest = list.firstElementChild
    URL.revokeObjectURL(oldest.querySelector('a')?.href)
    oldest.remove()
  }
  return {
    progress: share => bar.setAttribute('value', String(share)),
    stop: (why = '(not all of it came through)') => bar.replaceWith(why),
    done(name, url) {
      bar.remove()
      item.dataset.done = ''
      if (url === undefined) return
      const link = document.createElement('a')
      link.download = link.textContent = name
      link.href = url
      item.append(link)
    },
  }
}

function say(text) {
  document.querySelector('#status').textContent = text
}
topic.addEventListener('state', ({ detail }) => say(`${detail.state}: ${detail.reason}`))
