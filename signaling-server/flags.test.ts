import { describe, expect, it } from 'vitest'
import { readFlags } from './flags.mjs'

const FLAGS = { port: 'PORT', turn: 'TURN_URL', https: true } as const

describe('a flag', () => {
  it('sets its variable, with a space or an equals sign', () => {
    for (const args of [
      ['--port', '9000', '--turn=turn:a.example?transport=udp', '--https'],
      ['--https', '--turn', 'turn:a.example?transport=udp', '--port=9000'],
    ]) {
      expect(readFlags(args, FLAGS)).toEqual({
        variables: { PORT: '9000', TURN_URL: 'turn:a.example?transport=udp' },
        switches: new Set(['https']),
        faults: [],
      })
    }
  })

  it('that is unknown, lacks its value or has one too many is refused by name', () => {
    for (const [args, name] of [
      [['--prot', '9000'], '--prot'],
      [['--prot=9000'], '--prot'],
      [['--port'], '--port'],
      [['--port', '--https'], '--port'],
      [['--https=yes'], '--https'],
      [['9000'], '9000'],
      [['-p', '9000'], '-p'],
      [['--constructor', 'x'], '--constructor'],
      [['--'], '--'],
    ] as const) {
      const { faults } = readFlags(args, FLAGS)
      expect(faults[0], args.join(' ')).toContain(name)
    }
    expect(readFlags(['--prot', '9000', '--port'], FLAGS).faults).toHaveLength(2)
  })

  it('for help is always there, also short', () => {
    expect(readFlags(['--help'], {}).switches).toContain('help')
    expect(readFlags(['-h'], {}).switches).toContain('help')
  })
})
