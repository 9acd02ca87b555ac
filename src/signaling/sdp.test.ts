import { describe, expect, it } from 'vitest'
import { encode } from '../codec/schema.js'
import { fingerprintOf, LARGEST_SDP_BYTES, sdp } from './sdp.js'

const one = Array.from({ length: 32 }, () => 'AB').join(':')
const other = Array.from({ length: 32 }, () => 'CD').join(':')
const line = (fingerprint: string, hash = 'sha-256') => `a=fingerprint:${hash} ${fingerprint}\r\n`

describe('the fingerprint of a session description', () => {
  it('is found among other lines, in either case of letters, with any line ending', () => {
    expect(fingerprintOf(`v=0\r\n${line(one)}a=setup:active\r\n`)).toBe(one)
    expect(fingerprintOf(`v=0\na=fingerprint:SHA-256 ${one.toLowerCase()}\n`)).toBe(one)
  })

  it('may be said once per section when it is the same', () => {
    expect(fingerprintOf(line(one) + 'm=application\r\n' + line(one.toLowerCase()))).toBe(one)
  })

  it('is undefined where there is none', () => {
    expect(fingerprintOf('v=0\r\n')).toBeUndefined()
    expect(fingerprintOf(`s=a=fingerprint:sha-256 ${one}\r\n`)).toBeUndefined()
  })

  it('is undefined where several differ or one is of another hash', () => {
    expect(fingerprintOf(line(one) + line(other))).toBeUndefined()
    expect(fingerprintOf(line(one) + line(other, 'sha-1'))).toBeUndefined()
    expect(fingerprintOf(line(one) + line('garbage'))).toBeUndefined()
  })

  it('is undefined where it has not 32 bytes', () => {
    expect(fingerprintOf(line(one.slice(3)))).toBeUndefined()
    expect(fingerprintOf(line(`${one}:AB`))).toBeUndefined()
  })

  it('does not save a text that is too long, counted in bytes', () => {
    const fill = 'é'.repeat((LARGEST_SDP_BYTES - line(one).length) / 2)
    expect(() => encode(sdp, line(one) + fill)).not.toThrow()
    expect(() => encode(sdp, `${line(one)}${fill}éé`)).toThrow(RangeError)
  })
})
