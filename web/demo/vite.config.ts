import { defineConfig } from 'vite';

export default defineConfig({
  base: '/demo/',
  // The stream has sound and picture in one and no captions: the light build of hls.js plays it.
  resolve: { alias: { 'hls.js': 'hls.js/light' } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // What is bundled is passed on, and so are its licences.
    license: { fileName: 'licenses.md' },
    // hls.js is most of it and changes least.
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'hls', test: /node_modules\/hls\.js/ }] } },
    },
  },
  // While working on the page: `npx vite` here, and a server beside it.
  server: { proxy: { '/telemetry': 'http://127.0.0.1:3000', '/api': 'http://127.0.0.1:3000' } },
});
