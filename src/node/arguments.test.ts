import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../options.js'
import { readArguments } from './arguments.js'

const PEER = 'a'.repeat(52)

describe('the arguments of gossamer-peer', () => {
  it('need a topic and nothing else', () => {
    expect(readArguments(['--topic', 'tea'])).toEqual({
      ok: true,
      value: {
        topic: 'tea',
        periodMs: 5_000,
        connect: [],
        signaling: 'ws://localhost:8787/signaling',
        name: '',
        membership: DEFAULTS.membership,
      },
    })
  })

  it('are the seed’s: a period, and peers to connect to', () => {
    const given = ['--topic', 't', '--period', '0.5', '--connect', PEER, '--connect', PEER]
    expect(
      readArguments([
        ...given,
        '--membership',
        'full-mesh',
        '--name',
        'N',
        '--signaling',
        'https://a.test/s',
      ]),
    ).toEqual({
      ok: true,
      value: {
        topic: 't',
        periodMs: 500,
        connect: [PEER, PEER],
        signaling: 'https://a.test/s',
        name: 'N',
        membership: 'full-mesh',
      },
    })
  })

  it.each([
    [[], '--topic is missing: the name of the room to join.'],
    [['--topic', ''], /^--topic is a name of 1 to 256 bytes of UTF-8 .* given was ""/],
    [['--topic', 't', '--period', '0'], /^--period is "0"; it must be a number .* greater than 0/],
    [['--topic', 't', '--period=-1'], /^--period is "-1"/],
    [['--topic', 't', '--period', 'soon'], /^--period is "soon"/],
    [['--topic', 't', '--period', ''], /^--period is ""/],
    [['--topic', 't', '--period', '1e9'], /^--period is "1e9"/],
    [['--topic', 't', '--period'], /^Option '--period <value>' argument missing/],
    [['--topic', 't', '--connect', 'x'], /^--connect is a peer id: 52 letters .* given was "x"/],
    [['--topic', 't', '--signaling', 'ftp://a'], /^--signaling is an absolute ws:.* "ftp:\/\/a"/],
    [['--topic', 't', '--port', '1'], /^Unknown option '--port'. --help says what there is\.$/],
    [
      ['--topic', 't', '--membership', 'star'],
      /^--membership is "hyparview" or .*given was "star"/,
    ],
    [['tea'], /^Unexpected argument 'tea'. --help/],
  ] as [string[], string | RegExp][])('%j are refused by name', (given, fault) => {
    const read = readArguments(given)
    expect(read).toMatchObject({ ok: false, help: false })
    const faults = (read as { faults: string[] }).faults
    expect(faults).toEqual([expect.stringMatching(fault)])
  })

  it('are all named at once where several are wrong', () => {
    expect(readArguments(['--period', '0', '--connect', 'x', '--signaling', 'y'])).toMatchObject({
      faults: [/topic/, /connect/, /signaling/, /period/].map(name => expect.stringMatching(name)),
    })
  })

  it.each(['--help', '-h'])('%s asks for help, whatever else there is', flag => {
    expect(readArguments(['--period', '0', flag])).toEqual({ ok: false, help: true })
  })
})
