// Light or dark: as the system has it, until someone says otherwise. No framework here: index.html's colours
// follow `color-scheme`, which one attribute sets.

export type Theme = 'auto' | 'light' | 'dark'

export function keptTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY)
    return kept === 'light' || kept === 'dark' ? kept : 'auto'
  } catch {
    return 'auto'
  }
}

export function wearTheme(theme: Theme): void {
  const root = document.documentElement
  if (theme === 'auto') delete root.dataset['theme']
  else root.dataset['theme'] = theme
  // What the browser draws around the page goes along.
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name=theme-color]')) {
    const own = (meta.dataset['theme'] ??= meta.media.includes('dark') ? 'dark' : 'light')
    meta.media =
      theme === 'auto' ? `(prefers-color-scheme: ${own})` : own === theme ? '' : 'not all'
  }
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // It holds until the page is left.
  }
}

export function nextTheme(theme: Theme): Theme {
  return theme === 'auto' ? 'light' : theme === 'light' ? 'dark' : 'auto'
}

const KEY = 'gossamer-chat-theme'
