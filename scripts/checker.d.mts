export interface Checked {
  root: string
  modules: string[]
}
export function withChecker<T>(root: string, read: (checked: Checked) => T): Promise<Awaited<T>>
