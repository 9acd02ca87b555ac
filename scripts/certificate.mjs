// A certificate for `npm start -- --https`, made on the spot for the addresses of this machine. Nobody vouches for it:
// a browser asks once whether to go on, and then gives the page what it gives to any over https.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { generate } from 'selfsigned'

/** The one made last, while it is good for these addresses, so that browsers need not be asked again; else a new one. */
export async function certificateFor(addresses, folder) {
  const path = resolve(folder, 'certificate.json')
  const kept = await read(path)
  if (kept?.addresses.join() === addresses.join() && kept.goodUntil > Date.now() + DAY_MS)
    return kept
  const goodUntil = Date.now() + GOOD_FOR_DAYS * DAY_MS
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'Gossamer' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(goodUntil),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          ...['127.0.0.1', '::1', ...addresses].map(ip => ({ type: 7, ip })),
        ],
      },
    ],
  })
  const made = { addresses, goodUntil, key, cert }
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, JSON.stringify(made), { mode: 0o600 })
  return made
}

/** Undefined where there is none, or none that can be read. */
async function read(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

const DAY_MS = 86_400_000
/** Browsers refuse certificates for much longer. */
const GOOD_FOR_DAYS = 90
