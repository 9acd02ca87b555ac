import { GossamerError, textOf } from '../bridge/errors.js'
import { ownExtra, type PageExtra } from './own-extra.js'

/** Until it is here. Rejects with `protocol-unavailable`; the next call tries again, where the browser does. */
export async function pageExtra(): Promise<PageExtra> {
  try {
    return await ownExtra()
  } catch (cause) {
    const message = `page-extra.js could not be loaded: ${textOf(cause)}`
    throw new GossamerError('protocol-unavailable', message, { cause })
  }
}
