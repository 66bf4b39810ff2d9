import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The build goes into the Python package: an installed Sluiceway needs no node.
export default defineConfig({
  plugins: [react()],
  base: '/',
  build: {
    outDir: '../sluiceway/console_assets',
    emptyOutDir: true,
    target: 'es2023',
    // Inlined data: fonts and scripts would need a looser Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: {
    // `npm run dev` beside `sluiceway dev --port 4080`
    proxy: Object.fromEntries(
      ['/api', '/sluiceway', '/oauth', '/.well-known'].map((path) => [path, 'http://127.0.0.1:4080']),
    ),
  },
})
