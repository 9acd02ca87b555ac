import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { pictureAmong } from '../../picture-file.js'

/** Takes pictures dropped anywhere on the talk around this element. True while a file is held over it. */
export function useDrop(
  within: RefObject<HTMLElement | null>,
  onPicture: (file: File) => void,
): boolean {
  const [isOver, setIsOver] = useState(false)

  useEffect(() => {
    const talk = within.current?.closest('main')
    if (talk === null || talk === undefined) return
    const ended = new AbortController()
    const listen = (type: 'dragover' | 'dragleave' | 'drop', act: (event: DragEvent) => void) =>
      talk.addEventListener(type, act, { signal: ended.signal })
    const bringsFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    listen('dragover', event => {
      if (!bringsFile(event)) return
      // Else the browser leaves the page to show the file.
      event.preventDefault()
      setIsOver(true)
    })
    listen('dragleave', event => {
      if (!talk.contains(event.relatedTarget as Node | null)) setIsOver(false)
    })
    listen('drop', event => {
      setIsOver(false)
      if (!bringsFile(event)) return
      event.preventDefault()
      const file = pictureAmong(event.dataTransfer)
      if (file !== undefined) onPicture(file)
    })
    return () => ended.abort()
  }, [])

  return isOver
}
