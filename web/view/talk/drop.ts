import { useEffect, useState } from 'preact/hooks'
import { pictureAmong } from '../../picture-file.js'

/** Takes files dropped anywhere on the page; `onDrop` gets the picture among them. True while one is held over it. */
export function useDrop(onDrop: (file: File | undefined) => void): boolean {
  const [isOver, setIsOver] = useState(false)

  useEffect(() => {
    const ended = new AbortController()
    const listen = (type: 'dragover' | 'dragleave' | 'drop', act: (event: DragEvent) => void) =>
      addEventListener(type, act, { signal: ended.signal })
    const bringsFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    listen('dragover', event => {
      if (!bringsFile(event)) return
      // Else the browser leaves the page to show the file.
      event.preventDefault()
      setIsOver(true)
    })
    listen('dragleave', event => {
      if (event.relatedTarget === null) setIsOver(false)
    })
    listen('drop', event => {
      setIsOver(false)
      if (!bringsFile(event)) return
      event.preventDefault()
      onDrop(pictureAmong(event.dataTransfer))
    })
    return () => ended.abort()
  }, [])

  return isOver
}
