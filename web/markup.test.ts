import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Block, isJustEmoji, parseMarkup, type Span } from './markup.js'

const text = (words: string): Span => ({ kind: 'text', text: words })
const paragraph = (...spans: Span[]): Block => ({ kind: 'paragraph', spans })

describe('markup', () => {
  test('of plain words is those words, line breaks and all', () => {
    expect(parseMarkup('two\nlines <b>no</b> 3 * 4 * 5')).toEqual([
      paragraph(text('two\nlines <b>no</b> 3 * 4 * 5')),
    ])
  })

  test('has strong, emphasis, struck and code', () => {
    expect(parseMarkup('**a** _b_ ~~c~~ `d`')).toEqual([
      paragraph(
        { kind: 'strong', spans: [text('a')] },
        text(' '),
        { kind: 'emphasis', spans: [text('b')] },
        text(' '),
        { kind: 'struck', spans: [text('c')] },
        text(' '),
        { kind: 'code', text: 'd' },
      ),
    ])
  })

  test('nests, but formats nothing within code', () => {
    expect(parseMarkup('**a *b* c** `**d**`')).toEqual([
      paragraph(
        {
          kind: 'strong',
          spans: [text('a '), { kind: 'emphasis', spans: [text('b')] }, text(' c')],
        },
        text(' '),
        { kind: 'code', text: '**d**' },
      ),
    ])
  })

  test.each(['a**', '**a', '* a *', '2*3*4', 'snake_case_name', '** a **', '~~', '``', '`a\nb`'])(
    'leaves what is not closed or not meant as it is: %s',
    words => {
      expect(parseMarkup(words)).toEqual([paragraph(text(words))])
    },
  )

  test('has fenced code, with the lines as they are', () => {
    expect(parseMarkup('see\n```js\nif (a) {\n  **b**\n}\n```\nthere')).toEqual([
      paragraph(text('see')),
      { kind: 'code', text: 'if (a) {\n  **b**\n}' },
      paragraph(text('there')),
    ])
  })

  test('has no more than one empty line between others, and none around them', () => {
    expect(parseMarkup(`${'\n'.repeat(60)}a\n\nb\n \n\t\n\nc\n\n`)).toEqual([
      paragraph(text('a\n\nb\n\nc')),
    ])
  })

  test('has quotes of several lines', () => {
    expect(parseMarkup('> one\n> two\nthree')).toEqual([
      { kind: 'quote', spans: [text('one\ntwo')] },
      paragraph(text('three')),
    ])
  })
})

describe('a link', () => {
  const linksOf = (words: string) =>
    parseMarkup(words).flatMap(block =>
      block.kind === 'code'
        ? []
        : block.spans.flatMap(span => (span.kind === 'link' ? [span] : [])),
    )

  test('leads where it reads, without the punctuation behind it', () => {
    expect(linksOf('(see https://example.org/a_(b)?c=1#d, or http://x.test/).')).toEqual([
      {
        kind: 'link',
        text: 'https://example.org/a_(b)?c=1#d',
        href: 'https://example.org/a_(b)?c=1#d',
      },
      { kind: 'link', text: 'http://x.test/', href: 'http://x.test/' },
    ])
  })

  test('ends before a mark that would turn its letters round', () => {
    expect(linksOf('https://evil.test/\u202egro.knab//:sptth')).toEqual([
      { kind: 'link', text: 'https://evil.test/', href: 'https://evil.test/' },
    ])
  })

  test('is http or https and nothing else', () => {
    for (const words of [
      'javascript:alert(1)',
      'data:text/html,x',
      'file:///etc',
      'xhttps://a.b',
    ]) {
      expect(linksOf(words)).toEqual([])
    }
  })
})

test('whatever was written, only marks are taken away, and every link is http', () => {
  const pieces = fc.constantFrom(
    '*',
    '_',
    '**',
    '~~',
    '`',
    '\n',
    '> ',
    ' ',
    'a',
    '<b>',
    'https://a.b/c',
    ')',
    '🕸️',
  )
  const letters = (all: string) => all.replace(/[*_~`>\s]/gu, '')
  const shownIn = (spans: Span[]): string =>
    spans
      .map(span => {
        if (span.kind === 'link') expect(span.href).toMatch(/^https?:\/\//)
        return 'spans' in span ? shownIn(span.spans) : span.text
      })
      .join('')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), words => {
      const shown = parseMarkup(words.join(''))
        .map(block => (block.kind === 'code' ? block.text : shownIn(block.spans)))
        .join('')
      expect(letters(shown)).toBe(letters(words.join('')))
    }),
    { seed: 1 },
  )
})

test('a text made to be slow is read at once', () => {
  const startedAt = performance.now()
  for (const piece of ['**x ', '*x', '`', '~~a', '> ', 'https://a.b/(', '```\n'])
    parseMarkup(piece.repeat(20_000 / piece.length))
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

test.each([
  ['🕸️', true],
  ['👍🏽 🎉', true],
  ['👩‍👩‍👧', true],
  ['🇫🇷🇩🇪', true],
  ['🎉🎉🎉🎉', false],
  ['ok 👍', false],
  ['12', false],
  ['#', false],
  ['', false],
])('"%s" is just emoji: %s', (words, wanted) => {
  expect(isJustEmoji(words)).toBe(wanted)
})
