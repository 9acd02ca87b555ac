import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseArguments } from '../src/sim/arguments.js'
import { SCENARIOS } from '../src/sim/scenarios.js'

describe('the simulator’s command in the documents', () => {
  const texts = ['docs/testing.md', 'docs/evaluation.md']
  const commands = texts.flatMap(name => commandsIn(readFileSync(name, 'utf8')))

  it('is there', () => expect(commands.length).toBeGreaterThan(40))

  it.each(commands)('understands %s', command => {
    expect(parseArguments(command.split(' '))).not.toHaveProperty('problem')
  })
})

/** Of whole lines and of what follows the command's name. */
function commandsIn(text: string): string[] {
  const found = text
    .split('\n')
    .map(line => line.replace(/^npm run --silent sim -- /, ''))
    .filter(line => SCENARIOS.has(line.split(' ')[0]!) && /^\S+( --?\w|$)/.test(line))
  return found.map(line =>
    line
      .replace(/\s+#.*$/, '')
      .replace(/ > \S+$/, '')
      .replace(/\$\(seq -s, 0 (\d+)\)/, (_, last) =>
        Array.from({ length: Number(last) + 1 }, (_, seed) => seed).join(),
      ),
  )
}
