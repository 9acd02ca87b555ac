import type { Page } from '@playwright/test'
import { expect, test } from 'vitest'
import { waitForMesh } from './playwright.js'

/** A page that fails so at the first looks, and then has a node alone. */
function pageThat(fails: string, times: number): Page {
  let left = times
  return {
    isClosed: () => false,
    evaluate: async () => {
      if (left-- > 0) throw new Error(fails)
      return { peer: 'a', neighbors: [] }
    },
  } as unknown as Page
}

test('a page that goes to another address while it is looked at is looked at again', async () => {
  const page = pageThat('Execution context was destroyed, most likely because of a navigation', 2)
  await waitForMesh([page], { withinMs: 2_000 })
})

test('what else a page fails with ends the waiting', async () => {
  const page = pageThat('Target crashed', 1)
  await expect(waitForMesh([page], { withinMs: 2_000 })).rejects.toThrow('Target crashed')
})
