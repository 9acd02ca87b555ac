// What `src/storage` asks of idb, in a page's worker: `openDB`, requests as promises, `done`, and cursors that go on. Its objects are new
// each time they are asked for. tests/lean-idb.test.ts holds it to the laws of the stores.

export function openDB(name, version, { upgrade, blocking, terminated } = {}) {
  const request = indexedDB.open(name, version)
  request.onupgradeneeded = event => {
    const { result, transaction } = request
    upgrade?.(wrap(result), event.oldVersion, event.newVersion, wrap(transaction))
  }
  return promised(request, db => {
    db.onclose = terminated
    db.onversionchange = event => blocking?.(event.oldVersion, event.newVersion, event)
  })
}

/** The platform's own. */
export const unwrap = wrapped => wrapped[RAW]

function promised(request, before = () => {}) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      before(request.result)
      resolve(wrap(request.result))
    }
    request.onerror = () => reject(request.error)
  })
}

function wrap(value) {
  if (value instanceof IDBRequest) return promised(value)
  const isTransaction = value instanceof IDBTransaction
  const kinds = [IDBDatabase, IDBObjectStore, IDBIndex, IDBCursor]
  if (!isTransaction && !kinds.some(kind => value instanceof kind)) return value
  const done = isTransaction && ended(value)
  return new Proxy(value, {
    get(target, name) {
      if (name === RAW) return target
      if (done && name === 'done') return done
      const part = target[name]
      if (typeof part !== 'function') return part
      return (...given) => {
        const result = part.apply(target, given)
        // A cursor that goes on says so by the request that it came by.
        return wrap(result === undefined && target.request ? target.request : result)
      }
    },
  })
}

function ended(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onerror = transaction.onabort = () =>
      reject(transaction.error ?? new DOMException('AbortError', 'AbortError'))
  })
}

const RAW = Symbol('raw')
