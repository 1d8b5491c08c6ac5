/** Chromium without a screen, with the background behaviour that viewers' browsers have. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Playwright's own defaults that would keep hidden pages running at full speed. */
const UNREAL = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

export async function openBrowser({ mayAutoplay = true } = {}): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_BIN ?? PLACES.find((file) => existsSync(file));
  if (executablePath === undefined) throw new Error('there is no Chromium: apt-get install chromium');
  return chromium.launch({
    executablePath,
    headless: true,
    args: mayAutoplay ? [...QUIET, '--autoplay-policy=no-user-gesture-required'] : QUIET,
    ignoreDefaultArgs: UNREAL,
  });
}
