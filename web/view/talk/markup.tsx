import type { ComponentChild } from 'preact'
import { isJustEmoji, parseMarkup, type Span } from '../../markup.js'

/** A peer's words with their little formatting. Made of text nodes only. */
export function Markup({ text }: { text: string }) {
  if (isJustEmoji(text)) return <p class="paragraph emoji">{text}</p>
  return (
    <>
      {parseMarkup(text).map((block, i) => {
        if (block.kind === 'code') {
          return (
            <pre key={i}>
              <code>{block.text}</code>
            </pre>
          )
        }
        const spans = block.spans.map(spanIn)
        return block.kind === 'quote' ? (
          <blockquote key={i}>{spans}</blockquote>
        ) : (
          <p key={i} class="paragraph">
            {spans}
          </p>
        )
      })}
    </>
  )
}

function spanIn(span: Span): ComponentChild {
  switch (span.kind) {
    case 'text':
      return span.text
    case 'code':
      return <code>{span.text}</code>
    case 'link':
      return (
        // Its letters run as an address does, whatever is around it.
        <a
          class="address"
          dir="ltr"
          href={span.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
        >
          {span.text}
        </a>
      )
    case 'strong':
      return <strong>{span.spans.map(spanIn)}</strong>
    case 'emphasis':
      return <em>{span.spans.map(spanIn)}</em>
    case 'struck':
      return <s>{span.spans.map(spanIn)}</s>
  }
}
