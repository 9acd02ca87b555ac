import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Where `npm test` wants to count, it names a file for a report.
const report = process.env['UNIT_REPORT']

export default defineConfig({
  // What imports the library by its name, as apps do, means the sources here.
  resolve: {
    alias: [
      { find: /^gossamer$/, replacement: fileURLToPath(new URL('src/index.ts', import.meta.url)) },
      {
        find: /^gossamer\/signaling-server$/,
        replacement: fileURLToPath(new URL('signaling-server/index.ts', import.meta.url)),
      },
    ],
  },
  test: {
    include: [
      'src/**/*.test.ts',
      'signaling-server/**/*.test.ts',
      'web/**/*.test.ts',
      'bench/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    environment: 'node',
    // Against what hangs. Tests that run virtual minutes take real seconds, and several times as many on a busy machine.
    testTimeout: 30_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
