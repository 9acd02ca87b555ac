// What is wrong with a message, in words: for the server, which tells its clients, and for tests.
import type * as v from 'valibot'
import { LARGEST_TEXT_BYTES, read, type ServerMessage, serverMessage } from './messages.js'

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string }

/** What a server said. Never throws. */
export function parseServerMessage(json: string): Parsed<ServerMessage> {
  return parse<ServerMessage>(serverMessage, json)
}

export function parse<T>(
  schemas: Record<string, v.GenericSchema<unknown, T>>,
  json: string,
): Parsed<T> {
  const parsed = read(schemas, json)
  if (parsed === undefined) return { ok: false, reason: whyNone(schemas, json) }
  if (parsed.success) return { ok: true, value: parsed.output }
  const issue = parsed.issues[0]
  // Of what valibot itself checks the message quotes what was given.
  const isOurs = issue.kind === 'validation' || issue.type === 'custom'
  const expected = isOurs ? issue.message : issue.expected
  return { ok: false, reason: `${placeOf(issue)}: expected ${expected ?? 'nothing'}`.slice(0, 200) }
}

function whyNone(schemas: object, json: string): string {
  if (json.length > LARGEST_TEXT_BYTES) return 'too long'
  try {
    JSON.parse(json)
  } catch {
    return 'not JSON'
  }
  return `type: expected ${Object.keys(schemas).join(' or ')}`
}

/** The path of what is wrong; names the sender chose itself are not repeated. */
function placeOf(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(step => String(step.key))
  const known = keys.every(key => /^[a-zA-Z0-9]{1,32}$/.test(key))
  return keys.length === 0 ? 'message' : known ? keys.join('.') : 'unknown field'
}
