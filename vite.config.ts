import { fileURLToPath } from 'node:url'
import { constants } from 'node:zlib'
import { defineConfig } from 'vite'
import { compression, defineAlgorithm } from 'vite-plugin-compression2'

const EXAMPLES = ['cursors', 'poll', 'file']

// The chat page and the examples. The library is built by scripts/build.mjs, and the page takes it the way an app
// would: by its package name, from dist/, worker and all.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^gossamer$/, replacement: fileURLToPath(new URL('dist/index.js', import.meta.url)) },
    ],
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  // What `npm start` serves lies beside itself compressed, for browsers to take.
  plugins: [
    compression({
      include: /\.(html|js|css|json|svg)$/,
      threshold: 1_400,
      algorithms: [
        'gzip',
        defineAlgorithm('brotliCompress', { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
      ],
    }),
  ],
  build: {
    outDir: 'dist-web',
    target: 'es2022',
    sourcemap: true,
    rolldownOptions: {
      // On a slow machine it would be the first thing that a newcomer reads.
      checks: { bundlerTimings: false },
      input: ['index.html', ...EXAMPLES.map(name => `examples/${name}/index.html`)],
    },
  },
  // `npx vite` beside a running `npm start`: signaling goes there.
  server: { proxy: { '/signaling': { target: 'ws://127.0.0.1:8787', ws: true } } },
})
