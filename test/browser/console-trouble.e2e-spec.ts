import { type Browser, type Page } from 'playwright-core';

import { issueClientCertificate } from '@lib/pki';

import { RunningService } from '../e2e/support/running-service';
import { allowCertificate } from '../e2e/support/second-tenant';
import { TenantApi } from '../e2e/support/tenant-api';
import { openBrowser } from './support/browser';
import { ConsoleVisit } from './support/console';
import { encryptMachines, type Machine } from './support/machines';

jest.setTimeout(180_000);

/** Runs wherever it is taken for markup. */
const HOSTILE = '<img src=x onerror="window.wasRun=1">"\'><script>window.wasRun=1</script>{{7*7}}';
/** A certificate names somebody in 64 characters. */
const HOSTILE_SUBJECT = '<img src=x onerror="window.wasRun=1">';
/** Names of certificates are written with what separates their parts escaped (RFC 4514 §2.4). */
const SHOWN_SUBJECT = /img src.*onerror.*window\.wasRun/;
const TRACE = '0e0a7c1c-2c5b-4f0e-8c6c-0a9a3f6b1d11';

describe('the console in trouble, in a browser on the running product', () => {
  let service: RunningService;
  let browser: Browser;
  let visit: ConsoleVisit;
  let page: Page;

  beforeAll(async () => {
    [service, browser] = await Promise.all([RunningService.start(), openBrowser()]);
  });
  afterAll(async () => {
    await browser.close();
    await service.remove();
  });
  beforeEach(async () => {
    visit = await ConsoleVisit.begin(browser, service);
    page = visit.page;
  });
  afterEach(async () => {
    expect(visit.complaints()).toEqual([]);
    await visit.end();
  });

  it('shows what a machine, a certificate or a stranger is called, and runs nothing of it', async () => {
    const [machine] = (await encryptMachines(service, [HOSTILE])) as readonly [Machine];
    const api = new TenantApi(service, await service.token('manager'));
    const stranger = await issueClientCertificate('self-signed', { commonName: HOSTILE_SUBJECT, validDays: 30 });
    const certificate = await allowCertificate(service, visit.instance, 'known', stranger.certificatePem);
    const plan = await api.ok<{ id: string }>('POST', '/shred_plans', { scope: 'keys', key_ids: [machine.key] });
    await api.ok('POST', '/certificate_claims', { kind: 'subject', value: `CN=${HOSTILE_SUBJECT}` });
    for (const [address, shown] of [
      ['keys', HOSTILE],
      [`keys/${machine.key}`, HOSTILE],
      [`shred/${plan.id}`, HOSTILE],
      [`certificates/${certificate}`, SHOWN_SUBJECT],
      ['diagnosis', SHOWN_SUBJECT],
      [`keys?search=${encodeURIComponent(HOSTILE)}`, undefined],
      [`audit?action=${encodeURIComponent(HOSTILE)}`, undefined],
    ] as const) {
      await visit.open(address);
      if (shown !== undefined) await page.getByText(shown).first().waitFor();
      expect([address, await page.evaluate<boolean>("'wasRun' in window")]).toEqual([address, false]);
      expect([address, await page.locator('main img').count()]).toEqual([address, 0]);
    }
    visit.expect(/^400 GET .*\/audit_events$/);
  });

  it('says what is wrong while the service is away, with an id to copy, and goes on when it is back', async () => {
    visit.expect(/^503 GET /);
    const away = '**/console/api/v1/instances/*/keys?*';
    await page.route(away, (route) =>
      route.fulfill({
        status: 503,
        headers: { 'content-type': 'application/json', 'retry-after': '7', 'x-correlation-id': TRACE },
        json: { errors: [{ code: 'service_unavailable', message: 'The service is overloaded.' }], trace: TRACE },
      }),
    );
    await page.goto(`${service.connection.console.url}instances/${visit.instance}/keys`);
    const problem = page.getByRole('alert');
    await problem.getByText('The service is overloaded.').waitFor();
    await problem.getByRole('button', { name: 'Copy Correlation id' }).click();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(TRACE);
    expect(await visit.violations()).toEqual([]);
    await page.unroute(away);
    await problem.getByRole('button', { name: 'Try again' }).click();
    await problem.waitFor({ state: 'detached' });
  });

  it('shows that it waits while an answer is slow', async () => {
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/usage_records?*', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${service.connection.console.url}instances/${visit.instance}/usage`);
    await page.getByRole('status', { name: 'Loading' }).waitFor();
    await page.getByRole('heading', { name: 'Usage' }).waitFor();
    expect(await visit.violations()).toEqual([]);
    answer();
    await visit.ready();
  });

  it('says when the session has ended, and comes back to the same page', async () => {
    visit.expect(/^401 /, /^Failed to load/);
    await visit.open('shred?keys=some');
    const cookies = await visit.context.cookies();
    await visit.context.clearCookies({ name: cookies.find(({ name }) => name.endsWith('session'))?.name ?? '' });
    await page.getByRole('button', { name: 'Make the plan' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await page
      .getByRole('button', { name: 'Demo Manager' })
      .or(page.getByLabel('Identifiers of the keys'))
      .first()
      .waitFor();
    if (!page.url().includes('/console/instances/')) await page.getByRole('button', { name: 'Demo Manager' }).click();
    await page.getByLabel('Identifiers of the keys').waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(
      `/console/instances/${visit.instance}/shred?keys=some`,
    );
  });
});
