import { type Page } from 'playwright-core';

export interface FirstLoad {
  /** Over the line: compressed, with headers. */
  readonly kilobytes: number;
  /** From the click on an address until the page shows what it is about. */
  readonly milliseconds: number;
}

/** A line to the office: 10 Mbit/s, 40 ms there and back. */
const OFFICE = { offline: false, latency: 40, downloadThroughput: 1_250_000, uploadThroughput: 1_250_000 };

/** Opens a page in a browser that has nothing of it yet. */
export async function firstLoadOf(page: Page, url: string, ready: () => Promise<void>): Promise<FirstLoad> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  await session.send('Network.emulateNetworkConditions', OFFICE);
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  const began = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await ready();
  const milliseconds = Math.round(performance.now() - began);
  await session.detach();
  return { kilobytes: Math.round(bytes / 1000), milliseconds };
}
