import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../src/options.js'
import { checkConfigs } from '../src/page/config-checks.js'

// Editors and the API reference show these comments and nothing else: ranges and defaults stand elsewhere.

describe.each([
  ['membershipConfig', 'src/core/membership/hyparview/config.ts'],
  ['fullMeshConfig', 'src/core/membership/full-mesh/config.ts'],
  ['broadcastConfig', 'src/core/broadcast/plumtree/config.ts'],
] as const)('%s', (option, path) => {
  it.each(Object.entries(DEFAULTS[option]))(
    '%s says its range and its default',
    async (key, value) => {
      const source = await readFile(new URL(`../${path}`, import.meta.url), 'utf8')
      const [, comment] = new RegExp(
        `/\\*\\*((?:[^*]|\\*[^/])*)\\*/\\n  ${key}: number$`,
        'm',
      ).exec(source)!
      const numbers = (found: RegExpExecArray | null) =>
        found?.slice(1).map(number => Number(number.replaceAll(',', '')))
      expect(numbers(/([\d,]+) to ([\d,]+)/.exec(comment!))).toEqual(rangeOf(option, key))
      expect(numbers(/Default ([\d,]+)\b/.exec(comment!))).toEqual([value])
      expect(comment).toMatch(key.endsWith('Ms') ? /milliseconds/ : /./)
    },
  )
})

/** As a number is refused that is none. */
function rangeOf(option: string, key: string): number[] {
  try {
    checkConfigs({ [option]: { [key]: 0.5 } })
  } catch (error) {
    const [, least, most] = /from (\d+) to (\d+)/.exec(String(error))!
    return [Number(least), Number(most)]
  }
  throw new Error(`${option}.${key} may be anything`)
}
