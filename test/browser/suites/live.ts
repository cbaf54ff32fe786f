import { type Browser, type Page } from 'playwright-core';

import { type RunningService, until } from '../../e2e/support/running-service';
import { ageSessions, ConsoleVisit } from '../support/console';
import { encryptMachines } from '../support/machines';
import { type Suite } from '../support/stage';

/** More than a browser has connections to a host over HTTP/1.1. */
const TABS = 8;

export const live: Suite = (stage) => {
  describe('pages that follow what happens', () => {
    let service: RunningService;
    let browser: Browser;

    beforeAll(() => {
      ({ service, browser } = stage());
    });

    /** Set by somebody else: pages hear of it by an event alone. */
    async function setOption(body: object): Promise<void> {
      const { connection } = service;
      const instance = `${connection.management.url}/v1/instances/${connection.instance.id}`;
      const authorization = `Bearer ${await service.token('manager')}`;
      const { headers } = await fetch(instance, { headers: { authorization } });
      const answer = await fetch(instance, {
        method: 'PATCH',
        headers: {
          authorization,
          'content-type': 'application/merge-patch+json; charset=utf-8',
          'if-match': headers.get('etag') ?? '',
        },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(200);
    }

    const shows = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor();

    it('eight pages of an instance share one stream, and the next one takes it over', async () => {
      const visit = await ConsoleVisit.begin(browser, service, {}, 'settings');
      let streams = 0;
      visit.context.on('request', (request) => {
        if (request.url().endsWith('/events')) streams += 1;
      });
      await visit.live();
      const address = visit.page.url();
      const others: Page[] = [];
      for (let tab = 1; tab < TABS; tab++) {
        const page = await visit.context.newPage();
        await page.goto(address);
        await page.locator('.k-live--live').waitFor();
        others.push(page);
      }
      expect(streams).toBeLessThanOrEqual(1);
      await setOption({ credential_policy: 'enforce' });
      for (const page of [visit.page, ...others]) await shows(page, 'Refused');

      await visit.page.close();
      await visit.context.waitForEvent('request', (request) => request.url().endsWith('/events'));
      await setOption({ credential_policy: 'ignore' });
      for (const page of others) await shows(page, 'Ignored');
      await visit.end();
    });

    it('goes on with the last event when the service was away', async () => {
      const visit = await ConsoleVisit.begin(browser, service, {}, 'settings');
      visit.expect(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_CONNECTION_RESET|^50\d /);
      await visit.live();
      await setOption({ key_generation: 'key_manager' });
      await shows(visit.page, 'The key manager');
      const resumed = visit.page.waitForRequest(
        async (request) => request.url().endsWith('/events') && 'last-event-id' in (await request.allHeaders()),
      );
      process.kill(service.connection.processes['management-api'] ?? Number.NaN, 'SIGKILL');
      expect((await (await resumed).allHeaders())['last-event-id']).toMatch(/^\d+-[0-9a-f]{16}$/);
      await visit.live();
      await setOption({ key_generation: 'local' });
      await shows(visit.page, 'The service');
      expect(visit.complaints()).toEqual([]);
      await visit.end();
    });

    it('counts a key on the overview the moment a vCenter has made it', async () => {
      const visit = await ConsoleVisit.begin(browser, service);
      await visit.live();
      const tile = visit.page.getByRole('group', { name: 'Keys', exact: true });
      const before = Number(await tile.locator('.k-tile__figure').innerText());
      await encryptMachines(service, ['web-01']);
      await tile.getByText(String(before + 1), { exact: true }).waitFor();
      expect(visit.complaints()).toEqual([]);
      await visit.end();
    });

    it('warns before a session ends for want of a click, and stays on one', async () => {
      const visit = await ConsoleVisit.begin(browser, service, {}, 'settings');
      const warning = visit.page.getByRole('alert').filter({ hasText: 'Your session ends at' });
      const before = await warning.innerText();
      // A session is noted a quarter of its idle time after it was noted last.
      await ageSessions(service, 20);
      await warning.getByRole('button', { name: 'Stay signed in' }).click();
      await until('the end of the session is a later one', 10_000, async () => (await warning.innerText()) !== before);
      expect(await visit.violations()).toEqual([]);
      await visit.end();
    });

    it('leaves the page as it is when the session ends, and comes back to it', async () => {
      const here = await ConsoleVisit.begin(browser, service, {}, 'shred');
      const elsewhere = await ConsoleVisit.begin(browser, service, {}, 'overview');
      here.expect(/^401 /);
      await here.live();
      await here.page.getByRole('textbox', { name: 'Identifiers of the keys' }).fill('what was typed in');
      await elsewhere.page.getByRole('button', { name: 'Account and appearance' }).click();
      await elsewhere.page.getByRole('button', { name: 'Sign out everywhere' }).click();
      await elsewhere.page.waitForURL((address) => address.pathname === '/console/signed-out');
      // Within seconds: nothing is done here, and nothing happens that an event would tell.
      const ended = here.page.getByRole('dialog', { name: 'Your session has ended' });
      await ended.waitFor({ timeout: 20_000 });
      expect(await here.page.getByRole('textbox', { name: 'Identifiers of the keys' }).inputValue()).toBe(
        'what was typed in',
      );
      await ended.getByRole('button', { name: 'Sign in again' }).click();
      await here.page.waitForURL(
        (address) => address.pathname.endsWith('/login') || address.pathname.endsWith('/shred'),
      );
      await Promise.all([here.end(), elsewhere.end()]);
    });

    it('begins anew, once and with a word, when a part of it is not there any more', async () => {
      const visit = await ConsoleVisit.begin(browser, service);
      visit.expect(/^404 GET .*\/assets\/usage-/, /dynamically imported module/);
      await visit.page.route('**/assets/usage-*.js', (route) => route.fulfill({ status: 404 }), { times: 1 });
      await visit.page.getByRole('link', { name: 'Usage' }).click();
      await visit.page.getByText('The console was updated.').waitFor();
      await visit.page.getByRole('heading', { level: 1, name: 'Usage' }).waitFor();
      await visit.ready();
      expect(await visit.violations()).toEqual([]);
      expect(visit.complaints()).toEqual([]);
      await visit.end();
    });
  });
};
