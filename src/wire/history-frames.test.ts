import { expect, it } from 'vitest'
import { FrameDecoder } from './decoder.js'
import { speakHistory } from './history-frames.js'
import { goldenFrames } from './mutants.suite.js'
import { FRAME_TAGS } from './tags.js'

it('frames of history are unknown to who has none, and known from when it has', () => {
  const golden = goldenFrames(() => {}).filter(({ frame }) => frame[1]! >= FRAME_TAGS.frontier)
  const read = () =>
    golden.map(({ before, frame }) => {
      const decoder = new FrameDecoder()
      for (const bytes of before) decoder.decode(bytes)
      return decoder.decode(frame)
    })
  expect(golden.length).toBeGreaterThan(9)
  for (const decoded of read()) expect(decoded).toMatchObject({ ok: false, reason: 'unknown tag' })
  speakHistory()
  for (const decoded of read()) expect(decoded).toMatchObject({ ok: true })
})
