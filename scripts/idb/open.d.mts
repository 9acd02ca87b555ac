export const openDB: typeof import('idb').openDB
export const unwrap: typeof import('idb').unwrap
