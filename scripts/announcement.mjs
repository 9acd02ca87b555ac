// What `npm start` says once it listens.

import { renderUnicodeCompact } from 'uqr'

/** Where the page is, for people, and how phones come to it. `others` are this machine's addresses in its networks. */
export function announcement({ address, port }, isSecure, others) {
  const url = host => `${isSecure ? 'https' : 'http'}://${host}:${port}/`
  const isEverywhere = address === '0.0.0.0' || address === '::'
  const own = url(isEverywhere ? 'localhost' : named(address))
  const elsewhere = isEverywhere ? others.map(url) : []
  const forPhones = isEverywhere || /^(127\.|::1$)/.test(address) ? elsewhere[0] : own
  const lines = [
    '',
    `  Gossamer chat   ${own}`,
    ...elsewhere.map(other => `                  ${other}`),
    '',
    '  Open it in several tabs. Ctrl-C stops.',
    '',
  ]
  if (!isSecure) {
    lines.push('  For phones and other machines: npm start -- --https')
    lines.push('  (browsers give pages their keys only over https or on localhost)', '')
    return lines.join('\n')
  }
  if (forPhones !== undefined) {
    // The dots of the code are drawn light on dark, which every camera reads.
    lines.push(renderUnicodeCompact(forPhones, { border: 2 }).replace(/^/gm, '  '), '')
    lines.push(`  ${forPhones}, for phones in the same network.`)
  }
  lines.push('  Nobody vouches for its certificate: the browser asks once whether to go on.', '')
  return lines.join('\n')
}

function named(address) {
  if (address === '127.0.0.1' || address === '::1') return 'localhost'
  return address.includes(':') ? `[${address}]` : address
}
