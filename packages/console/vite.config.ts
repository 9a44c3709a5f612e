import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const page = (name: string): string => resolve(import.meta.dirname, name);

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    // A content security policy refuses what is inline, and so does not know these.
    assetsInlineLimit: 0,
    rolldownOptions: { input: [page('index.html'), page('phone.html')] },
  },
});
