import { expect, it } from 'vitest'
import { withoutUnread } from '../scripts/unread.mjs'

it('members that nobody reads in what ships are left out, by their short names, too', () => {
  const text = `class Rejoiner { get held() { return 1 } take() { return this.held } }
var _Seen = class { get xy() { return 2 } add() {} };`
  const lean = withoutUnread(text, { size: 'xy' })
  expect(lean.length).toBe(text.length)
  expect(lean).not.toMatch(/get/)
  expect(lean).toContain('take() { return this.held }')
  expect(lean).toContain('add() {}')
})

it('members of that name in other classes stay, and so do those of other names', () => {
  const text = 'class Other { get held() { return 1 } } class Seen { get sizes() { return 2 } }'
  expect(withoutUnread(text)).toBe(text)
})
