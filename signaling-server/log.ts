/** Lines for whoever runs the server: each at most once a minute, since a thousand clients may give cause for the same. */
export class Log {
  private readonly said = new Map<string, number>()

  /** `failed`: the caller's function threw. */
  constructor(
    private readonly write: (line: string) => void,
    private readonly failed: () => void,
  ) {}

  say(line: string): void {
    const now = performance.now()
    if (now - (this.said.get(line) ?? Number.NEGATIVE_INFINITY) < 60_000) return
    // Lines with a stranger's words in them may be any number.
    if (this.said.size >= MOST_LINES) this.said.clear()
    this.said.set(line, now)
    try {
      this.write(line)
    } catch {
      this.failed()
    }
  }
}

/** Kept to say each once a minute. Guess. */
const MOST_LINES = 100
