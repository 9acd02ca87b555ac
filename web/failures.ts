// What went wrong, and what can be done about it, in words for people.

export interface PageNotice {
  code: string
  tone: 'calm' | 'warning'
  text: string
  times: number
}

export interface Failure {
  title: string
  text: string
  advice: string
  /** The text is for those who build the page, not for those who visit it. */
  technical: boolean
}

/** The library's own sentence where it has one. */
export function wordsOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

/** Why there is no chat at all. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error)
  const known = FAILURES[code]
  return {
    title: known?.title ?? 'The chat could not be opened',
    text: wordsOf(error),
    technical: known?.technical ?? false,
    advice:
      known?.advice ?? 'Reload the page. If it stays like this, the browser console says more.',
  }
}

/** The chat went on for a while and is over now. */
export function endOf(error: unknown): PageNotice {
  return warning('ended', `${sentence(wordsOf(error))} Reload the page to come back.`)
}

/** Messages of before are not there; all else goes on. */
export function unreadable(error: unknown): PageNotice {
  return warning('kept', `Earlier messages could not be read: ${sentence(wordsOf(error))}`)
}

/** The browser says that there is no network. */
export const OFFLINE: PageNotice = {
  code: 'offline',
  tone: 'calm',
  text: 'This device is offline. What you say is kept, and the room comes back by itself when the network does.',
  times: 1,
}

/**
 * What the node or the topic has to say besides messages: a notice to show, the code of one that is over,
 * or nothing worth a line.
 */
export function noticeOf(happened: Happened): PageNotice | Cleared | undefined {
  switch (happened.type ?? happened.code) {
    case 'signaling-open':
      return { cleared: 'signaling', text: 'Signaling is back.' }
    case 'signaling-lost':
      return warning('signaling', happened.message)
    case 'signaling-refused':
      return warning('signaling', happened.message)
    case 'links-relayed':
      return { ...warning('links-relayed', happened.message), tone: 'calm' }
    case 'lagged':
      return warning(
        'lagged',
        `This page was too slow for ${happened.count} events; they are not shown.`,
      )
    case 'mismatch':
      return warning(
        'mismatch',
        `A peer opened this room with other settings (${happened.field}: ours ${happened.ours}, theirs ${happened.theirs}) and can't be talked to.`,
      )
    case 'peerBlamed':
      return happened.banned
        ? warning(
            'blamed',
            `A peer broke the protocol (${happened.reason}) and was shut out for a while.`,
          )
        : undefined
    case 'historyFailed':
      return warning(
        'history',
        `What comes can't be kept on this device, and a reload will not show it: ${happened.reason}`,
      )
    case 'historyResumed':
      return { cleared: 'history' }
    case 'fork':
      return warning(
        'fork',
        'Somebody here signed two different messages under one number: a copied identity, or a lie. What they say is not taken any more.',
      )
    case 'neighborUp':
    case 'neighborDown':
    case 'joinFailed':
      return undefined
    default:
      return happened.message === undefined
        ? undefined
        : warning(happened.code ?? 'notice', happened.message)
  }
}

/** A notice that is over, and what the log says of that. */
export interface Cleared {
  cleared: string
  text?: string
}

/** The union of the node's notices and the topic's events, as far as the page reads them. */
interface Happened {
  type?: string
  code?: string
  message?: string | undefined
  count?: number
  field?: string
  ours?: string
  theirs?: string
  reason?: string
  banned?: boolean
}

function warning(code: string, text: string | undefined): PageNotice {
  return { code, tone: 'warning', text: text ?? code, times: 1 }
}

/** With a stop at its end. */
export function sentence(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '')
}

const FAILURES: Record<string, Omit<Failure, 'text'>> = {
  'invalid-argument': {
    title: "This address can't be opened",
    technical: false,
    advice:
      'The address bar names the room and how to open it: correct it there, or start again in the lobby.',
  },
  'insecure-context': {
    title: 'This address is not secure enough',
    technical: false,
    advice:
      'Open this page at an https address, or at http://localhost on the machine that serves it.',
  },
  'protocol-unavailable': {
    title: 'This room could not be opened',
    technical: true,
    advice:
      'Reload the page. If it stays like this, a file of the page is blocked, or was not deployed.',
  },
  'worker-unavailable': {
    title: 'The chat could not start',
    technical: true,
    advice:
      'Reload the page. If it stays like this, something blocks worker scripts: an extension, a content security policy, or a file that was not deployed.',
  },
}
