import { type Browser } from 'playwright-core';

import { RunningService } from '../e2e/support/running-service';
import { openBrowser } from './support/browser';
import { ConsoleVisit } from './support/console';

jest.setTimeout(180_000);

const PAGES = [
  ...['overview', 'connect', 'certificates', 'keys', 'root-key'],
  ...['diagnosis', 'audit', 'usage', 'shred', 'settings'],
] as const;

describe('what an administrator does in the console, in a browser on the running product', () => {
  let service: RunningService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await Promise.all([RunningService.start(), openBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await service.remove();
  });

  it('opens each page of an instance on a telephone', async () => {
    const visit = await ConsoleVisit.begin(browser, service, { viewport: { width: 360, height: 740 } });
    await visit.live();
    const found = [];
    for (const page of PAGES) {
      await visit.open(page);
      found.push([page, await visit.overflow(), visit.complaints()]);
    }
    expect(found).toEqual(PAGES.map((page) => [page, 0, []]));
    await visit.end();
  });

  it('shows who is signed in, and lets the look be chosen', async () => {
    const visit = await ConsoleVisit.begin(browser, service);
    const { page } = visit;
    const button = page.getByRole('button', { name: 'Account and appearance' });
    const panel = page.getByRole('group', { name: 'Account and appearance' });
    await button.click();
    await panel.getByText('Demo Manager').waitFor();
    expect(await visit.violations()).toEqual([]);
    await panel.getByText('Dark').click();
    await page.locator('html[data-carbon-theme="g100"]').waitFor();
    expect(await visit.violations()).toEqual([]);
    await panel.getByText('简体中文').click();
    await page.locator('html[lang="zh-CN"]').waitFor();
    const body = page.locator('.k-panel__body');
    await page.getByRole('button', { name: '帐户与外观' }).click();
    await body.waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Escape');
    await body.waitFor({ state: 'detached' });
    await page.locator('button:focus').waitFor();
    await visit.open('keys');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    expect(visit.complaints()).toEqual([]);
    await visit.end();
  });
});
