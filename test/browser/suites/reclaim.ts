import { type Browser, type Locator, type Page } from 'playwright-core';

import { fetchKey } from '../../e2e/support/keys';
import { type RunningService } from '../../e2e/support/running-service';
import { ConsoleVisit } from '../support/console';
import { encryptMachines, type Machine } from '../support/machines';
import { type Suite } from '../support/stage';

export const reclaim: Suite = (stage) => {
  describe('keys to reclaim, and who is told of trouble, in the console on the running product', () => {
    let service: RunningService;
    let browser: Browser;
    let visit: ConsoleVisit;
    let page: Page;
    let used: Machine;
    let unused: Machine;

    beforeAll(async () => {
      ({ service, browser } = stage());
      [used, unused] = (await encryptMachines(service, ['payroll', 'decommissioned'])) as [Machine, Machine];
      visit = await ConsoleVisit.begin(browser, service);
      page = visit.page;
    });
    afterAll(async () => {
      await visit.end();
    });
    afterEach(() => {
      expect(visit.complaints()).toEqual([]);
    });

    /** As its vCenter does once a machine wants the key. */
    async function fetched() {
      const client = await service.kmip();
      const answer = await fetchKey(client, unused.key);
      await client.close();
      return answer;
    }

    const region = (name: string): Locator => page.getByRole('region', { name, exact: true });

    it('calls no key unused without an inventory, and says how to make one', async () => {
      visit.expect(/^404 GET .*\/inventory$/);
      await visit.open('reclaim');
      await page.getByText('There is no inventory yet').waitFor();
      expect(await region('Candidates').count()).toBe(0);
      expect(await visit.violations()).toEqual([]);
    });

    it('takes the documented inventory, and shows what it lacks', async () => {
      const document = { taken_at: new Date().toISOString(), source: 'PowerCLI, one vCenter', key_ids: [used.key] };
      const inventory = region('Inventory');
      await inventory.getByRole('textbox').fill(JSON.stringify({ ...document, key_ids: undefined }));
      await inventory.getByText('key_ids is missing').waitFor();
      await inventory.getByRole('textbox').fill(JSON.stringify(document));
      const upload = inventory.getByRole('button', { name: 'Upload the inventory' });
      // Nobody's word counts that every vCenter was looked at: it is said of each client certificate.
      visit.expect(/^409 PUT .*\/inventory$/);
      await upload.click();
      await inventory.getByText(/says nothing of these client certificates: `demo-vcenter`/).waitFor();
      await inventory.getByLabel('Removed client certificates that were looked at').waitFor();
      expect(await visit.violations()).toEqual([]);
      await inventory.getByLabel('demo-vcenter').selectOption({ label: 'Its client needs no key' });
      await upload.click();
      await inventory.getByText('PowerCLI, one vCenter', { exact: true }).waitFor();
      await region('Candidates').getByText(unused.key).waitFor();
      expect(await region('Candidates').getByText(used.key).count()).toBe(0);
      await inventory.getByText('Client certificates without keys').waitFor();
      expect(await visit.violations()).toEqual([]);
    });

    it('sets a key aside, shows who missed it, and gives it back at one click', async () => {
      await region('Candidates')
        .getByRole('row')
        .filter({ hasText: unused.key })
        .getByRole('button', { name: 'Set aside' })
        .click();
      await page.getByRole('dialog').getByRole('button', { name: 'Set aside' }).click();
      const row = region('Set aside').getByRole('row').filter({ hasText: unused.key });
      await row.getByText('Nobody asked for it yet').waitFor();
      // Not before its time.
      expect(await row.getByRole('link', { name: 'Plan its end' }).count()).toBe(0);

      expect(await fetched()).toMatchObject({ message: expect.stringMatching(/suspend/i) as string });
      await visit.open('reclaim');
      await row.getByText('Somebody asked for it and was refused').waitFor();
      await row.getByText('127.0.0.1').waitFor();
      expect(await visit.violations()).toEqual([]);
      await row.getByRole('button', { name: 'Give back' }).click();
      await page.getByText('No key is set aside').waitFor();
      expect(await fetched()).toMatchObject({ hex: expect.any(String) as string });
    });

    it('sets a webhook whose secret is shown once, tests it, and removes it', async () => {
      visit.expect(/^404 GET .*\/webhook$/);
      await visit.open('webhook');
      await page.getByText('Nobody is told yet').waitFor();
      expect(await visit.violations()).toEqual([]);
      await page.getByLabel('Address', { exact: true }).fill('http://hooks.example.com/kmip');
      await page.getByText('It must begin with https://').waitFor();
      await page.getByLabel('Address', { exact: true }).fill('https://hooks.example.com/kmip');
      await page.getByRole('button', { name: 'Set the webhook' }).click();
      await page.getByText(/^whsec_/).waitFor();
      expect(await visit.violations()).toEqual([]);

      await page.getByRole('button', { name: 'Send a test' }).click();
      await page.getByText('The receiver did not take the test.').waitFor();
      await visit.open('webhook');
      await page.getByRole('button', { name: 'Send a test' }).waitFor();
      expect(await page.getByText(/^whsec_/).count()).toBe(0);

      await page.getByRole('button', { name: 'Remove the webhook' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox').fill('demo-kmip');
      await dialog.getByRole('button', { name: 'Remove the webhook' }).click();
      await page.getByText('Nobody is told yet').waitFor();
    });

    it.each([
      ['reclaim', 'Demo Viewer'],
      ['webhook', 'Demo Reader'],
    ])('says of %s to the %s which role it takes', async (path, user) => {
      const other = await ConsoleVisit.begin(browser, service, { user }, path);
      await other.page.getByText('Your role does not show this').waitFor();
      await other.page.getByText(/Needs the role/).waitFor();
      expect(other.complaints()).toEqual([]);
      await other.end();
    });
  });
};
