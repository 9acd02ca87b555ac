import { build, shared } from 'gossamer-shared'
import { late } from '../bridge/late.js'
import type { ExtraName, ExtraParts, LoadExtra } from './extras.js'

/** What an extra's file exports; scripts/extras.mjs wraps it so. */
interface ExtraFile {
  build: string
  install(
    /** Gives what the worker has already: nothing comes twice. */
    take: (index: number) => unknown,
    give: (part: never) => void,
  ): void
}

/**
 * Loads extras from where the page says they lie, and where they don't, from beside the worker, where whoever serves it by
 * hand will have put them.
 */
export function extraLoader(addresses: Record<ExtraName, string> | undefined): LoadExtra {
  let failures = 0
  return async <Name extends ExtraName>(name: Name) => {
    let failure: unknown
    // Browsers remember that a module could not be fetched; by another fragment it is another module of the same address.
    for (const place of new Set([addresses?.[name], beside(`./worker-${name}.js`)])) {
      if (place === undefined) continue
      try {
        return installed<ExtraParts[Name]>(
          await Promise.race([fetched(failures ? `${place}#${failures}` : place), late()]),
          place,
        )
      } catch (cause) {
        failure ??= cause
      }
    }
    failures++
    throw failure
  }
}

/** The address is for the browser, not for bundlers. */
function fetched(address: string): Promise<ExtraFile> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ address)
}

function beside(file: string): string | undefined {
  try {
    return new URL(file, location.href).href
  } catch {
    // Nothing lies beside a blob.
    return undefined
  }
}

function installed<Part>(file: ExtraFile, place: string): Part {
  if (file.build !== build) {
    throw new Error(`${place} is not of this worker's build. Serve both from one release.`)
  }
  let part: Part | undefined
  file.install(
    index => shared[index],
    given => {
      part = given
    },
  )
  return part!
}
