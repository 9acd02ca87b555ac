import type { Plugin } from 'esbuild'
import type { Checked } from './checker.mjs'

export function shortComparisons(checked: Checked): Plugin
