import { describe, expect, it } from 'vitest'
import { announcement } from '../scripts/announcement.mjs'

const OTHERS = ['192.0.2.7', '198.51.100.7']
/** A line of a QR code. */
const CODE = /[█▀▄]{9}/

function said(address: string, isSecure: boolean, others = OTHERS): string {
  return announcement({ address, port: 8787 }, isSecure, others)
}

describe('npm start, once it listens', () => {
  it.each([
    ['127.0.0.1', ['http://localhost:8787/']],
    ['::1', ['http://localhost:8787/']],
    ['192.0.2.7', ['http://192.0.2.7:8787/']],
    ['2001:db8::7', ['http://[2001:db8::7]:8787/']],
    ['0.0.0.0', ['http://localhost:8787/', 'http://192.0.2.7:8787/', 'http://198.51.100.7:8787/']],
  ])('on %s says where the page is, and that phones want https', (address, urls) => {
    const text = said(address, false)
    expect(text.match(/http:\S+/g)).toEqual(urls)
    expect(text).toContain('npm start -- --https')
    expect(text).not.toMatch(CODE)
  })

  it.each([
    ['0.0.0.0', 'https://192.0.2.7:8787/'],
    ['::', 'https://192.0.2.7:8787/'],
    ['198.51.100.7', 'https://198.51.100.7:8787/'],
  ])('with https on %s has a code for phones', (address, url) => {
    const text = said(address, true)
    expect(text).toMatch(CODE)
    expect(text).toContain(`${url}, for phones in the same network.`)
    expect(text).toContain('the browser asks once')
  })

  it.each([
    ['127.0.0.1', OTHERS],
    ['::1', OTHERS],
    ['0.0.0.0', []],
  ])(
    'with https that no phone reaches, on %s, tells of the certificate all the same',
    (address, others) => {
      const text = said(address, true, others)
      expect(text).not.toMatch(CODE)
      expect(text).toContain('https://localhost:8787/')
      expect(text).toContain('the browser asks once')
    },
  )
})
