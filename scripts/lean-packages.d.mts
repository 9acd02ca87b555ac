import type { Plugin } from 'esbuild'

export const leanIdb: Plugin
export const leanValibot: Plugin
