/**
 * The documentation page shows the server's own document, asks nobody else for anything, breaks no rule of
 * its content security policy, and is readable in light and dark.
 */
import type { Browser, Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { openBrowser } from './world/browser.ts';
import { Service } from './world/service.ts';

let browser: Browser;
let service: Service;

beforeAll(async () => {
  [browser, service] = await Promise.all([openBrowser(), Service.start()]);
  return async () => {
    await browser.close();
    await service.stop();
  };
});

test.for(['light', 'dark'] as const)('in %s it shows an operation and tries it', async (colorScheme) => {
  const context = await browser.newContext({ colorScheme });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'log') complaints.push(message.text());
  });
  page.on('pageerror', (error) => {
    complaints.push(error.message);
  });
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(service.url) || request.url().startsWith('data:');
    if (!isOwn) complaints.push(request.url());
  });

  await page.goto(`${service.url}/api/docs`);
  const operation = page.locator('#operations-figures-getV1MetricsMetricHistogram');
  await operation.locator('.opblock-summary-control').click();
  const description = operation.getByText('how many have a value within which bounds');
  expect(await contrast(page, description)).toBeGreaterThan(4.5);
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  await operation.locator('.live-responses-table').getByText('"startup_ms"').first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

/** Of a text on what stands behind it, as WCAG has it: 4.5 is enough to read by. */
async function contrast(page: Page, text: ReturnType<Page['locator']>): Promise<number> {
  const element = await text.elementHandle();
  return page.evaluate((node) => {
    const numbers = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = ([red = 0, green = 0, blue = 0]: number[]): number => {
      const linear = [red, green, blue].map((channel) =>
        channel <= 10 ? channel / 3294.6 : ((channel / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0);
    };
    const start = node as unknown as Element;
    const layers: number[][] = [];
    for (let behind: Element | null = start; behind !== null; behind = behind.parentElement) {
      layers.unshift(numbers(getComputedStyle(behind).backgroundColor));
    }
    const shown = layers.reduce(
      (below, layer) => {
        const alpha = layer[3] ?? 1;
        return below.map((channel, at) => channel * (1 - alpha) + (layer[at] ?? 0) * alpha);
      },
      [255, 255, 255],
    );
    const one = luminance(shown);
    const other = luminance(numbers(getComputedStyle(start).color));
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }, element);
}
