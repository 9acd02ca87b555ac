/// <reference lib="esnext.disposable" preserve="true" />

/** The symbol of `await using`, or its usual stand-in where the engine lacks it (Safari before 26). */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')
