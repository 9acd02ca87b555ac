import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Reader } from '../codec/reader.js'
import { headLength, putHead, readHead } from './records.js'

interface Case {
  name: string
  records: { kind: number; content: string }[]
  packet: string
}

describe('golden packets', () => {
  const file = new URL('./vectors/packets.json', import.meta.url)
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }

  for (const { name, records, packet } of cases) {
    it(name, () => {
      const reader = new Reader(new Uint8Array(Buffer.from(packet, 'hex')))
      const read: Case['records'] = []
      while (reader.left > 0) {
        const { kind, length } = readHead(reader)
        read.push({ kind, content: Buffer.from(reader.take(length)).toString('hex') })
      }
      expect(read).toEqual(records)

      const written = records.map(({ kind, content }) => {
        const head = new Uint8Array(3)
        const end = putHead(head, 0, kind, content.length / 2)
        return Buffer.from(head.subarray(0, end)).toString('hex') + content
      })
      expect(written.join('')).toBe(packet)
    })
  }
})

it('a head takes as many bytes as are reckoned for it', () => {
  for (const length of [1, 7, 8, 1023, 1024, 16_384]) {
    for (const kind of [0, 15]) {
      expect(putHead(new Uint8Array(4), 0, kind, length)).toBe(headLength(length))
    }
  }
})
