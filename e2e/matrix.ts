// Every law runs whole in every project, but for these, each of which says why.

export type Project = 'chromium' | 'firefox' | 'together' | 'relayed'

export interface LeftOut {
  /** The file's name, without its ending. */
  law: string
  /** What of it; by default all. */
  part?: string
  projects: readonly Project[]
  because: string
}

export const LEFT_OUT: readonly LeftOut[] = [
  {
    law: 'a-page-busy-for-three-seconds-keeps-relaying',
    projects: ['relayed'],
    because: 'bytes of relayed links pass through the page, and wait while it is busy',
  },
  {
    law: 'a-room-of-twelve-hears-everything-once-over-five-links-and-heals-as-tabs-close-crash-and-lose-their-server',
    part: 'the crash',
    projects: ['firefox'],
    because: 'a stock Firefox has no command by which a test could crash a page',
  },
  {
    law: 'an-invitation-leads-into-the-room',
    projects: ['firefox'],
    because: 'Firefox lets no page read the clipboard without a person who agrees',
  },
  {
    law: 'a-picture-that-is-pasted-is-seen-by-the-others',
    projects: ['firefox'],
    because: 'in Firefox a paste that a script makes carries no files',
  },
  ...['the-chat-page-is-accessible', 'the-chat-works-by-keyboard-alone'].map(law => ({
    law,
    projects: ['together', 'relayed'] as const,
    because: 'it looks at one page, which other projects look at in each browser',
  })),
  {
    law: 'an-invitation-leads-into-the-room',
    projects: ['together', 'relayed'],
    because: 'its guest comes by the link alone, in the browser in which that was copied',
  },
  {
    law: 'the-examples-work',
    projects: ['relayed'],
    because: 'examples choose their links themselves',
  },
  {
    law: 'the-fixture-for-apps-opens-peers-in-one-room',
    projects: ['together', 'relayed'],
    because: 'it opens tabs of one browser, with links as the app chooses them',
  },
]

/** Laws that the gate runs in every project, since engines and ways of bytes differ in them most; the rest it runs in Chromium. */
const IN_THE_GATE = [
  'the-same-text-twice-arrives-twice',
  'a-reload-keeps-the-identity-and-redelivers-nothing',
  'two-tabs-of-one-browser-are-two-peers',
  'a-room-of-twelve-hears-everything-once-over-five-links-and-heals-as-tabs-close-crash-and-lose-their-server',
  'a-late-joiner-sees-everything',
  'a-reload-shows-the-room-offline',
  'a-node-peer-and-two-tabs-talk',
]

/** For `testMatch`. */
export function inTheGate(): string[] {
  return IN_THE_GATE.map(law => `**/${law}.spec.ts`)
}

/** For `testIgnore`. */
export function leftOutOf(project: Project): string[] {
  return LEFT_OUT.flatMap(({ law, part, projects }) =>
    part === undefined && projects.includes(project) ? [`**/${law}.spec.ts`] : [],
  )
}

/** One line each, for people. */
export function sayLeftOut(): string {
  return LEFT_OUT.map(
    ({ law, part = 'all', projects, because }) =>
      `left out in ${projects.join(' and ')}: ${part} of “${law.replaceAll('-', ' ')}”, for ${because}`,
  ).join('\n')
}
