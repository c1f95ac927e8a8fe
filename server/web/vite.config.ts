import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy allows files of our own origin only: no data: URLs, no inline polyfill.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Bytes before compression; what is promised is 250 KB after it, and a test measures that.
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { '/api': process.env['PRISTINE_SERVER'] ?? 'http://127.0.0.1:7420' } },
});
