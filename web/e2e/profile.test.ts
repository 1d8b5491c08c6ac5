import { expect, test } from 'vitest';

import { pluginTimeMs } from './profile.ts';

test('the time of a script is the time in its functions and in what they call', () => {
  const nodes = [
    { id: 1, callFrame: { url: '' }, children: [2, 5] },
    { id: 2, callFrame: { url: 'http://site/page.js' }, children: [3] },
    { id: 3, callFrame: { url: 'http://site/plugin.js' }, children: [4] },
    { id: 4, callFrame: { url: '' } },
    { id: 5, callFrame: { url: '' } },
  ];
  // 1 ms in the page, then 2 ms in the plugin, 4 ms in what it called, 8 ms elsewhere.
  const profile = { nodes, samples: [2, 3, 4, 5, 5], timeDeltas: [0, 1000, 2000, 4000, 8000] };
  expect(pluginTimeMs(profile, '/plugin.js')).toBe(6);
});
