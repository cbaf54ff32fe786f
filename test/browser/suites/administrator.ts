import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Browser, type Locator, type Page } from 'playwright-core';

import { Desk } from '../../e2e/support/desk';
import { type Order, Platform } from '../../e2e/support/platform';
import { type RunningService } from '../../e2e/support/running-service';
import { newApiKey } from '../../e2e/support/tenant-api';
import { ConsoleVisit } from '../support/console';
import { type Suite } from '../support/stage';

const ENDPOINTS = ['kmip-1', 'kmip-2'];

export const administrator: Suite = (stage) => {
  describe('what an administrator does in the console', () => {
    let service: RunningService;
    let browser: Browser;
    let folder: string;
    let desk: Desk;
    let order: Order;
    let dashboard: string;
    let visit: ConsoleVisit;
    let page: Page;

    beforeAll(async () => {
      ({ service, browser } = stage());
      folder = await mkdtemp(join(tmpdir(), 'kmip-console-'));
      desk = await Desk.at(service, folder, '-of-site-a');
      const platform = await Platform.of(service);
      order = await platform.newOrder('standard', { name: 'site-a' });
      dashboard = String((await platform.provision(order)).result['dashboard_url']);
      visit = await ConsoleVisit.begin(browser, service, { instance: order.id });
      page = visit.page;
      // Before there is an API key, and before there is a root key.
      visit.expect(/^404 GET .*\/(credential|root_key)$/, /^409 GET .*\/key_managers$/);
    });
    afterAll(async () => {
      await visit.end();
      await desk.close();
      await rm(folder, { recursive: true, force: true });
    });

    afterEach(() => {
      expect(visit.complaints()).toEqual([]);
    });

    const section = (name: string): Locator => page.getByRole('region', { name });
    const dialog = (): Locator => page.getByRole('dialog');
    const button = (name: string, within: Locator | Page = page): Locator =>
      within.getByRole('button', { name, exact: true });
    const link = (name: string): Locator => page.getByRole('link', { name, exact: true });
    const keyManager = (roles: readonly string[]): Promise<string> =>
      newApiKey(service, { serviceName: 'kms', serviceInstance: service.connection.keyManager.instanceId }, roles);
    /** vCenter asks both servers of its provider, as it does every five minutes. */
    const knock = async (provider: string): Promise<void> => {
      const info = await desk.providers.find(provider);
      if (info !== undefined) await desk.providers.status(info);
    };
    const saved = async (act: Locator): Promise<string> => {
      const [file] = await Promise.all([page.waitForEvent('download'), act.click()]);
      return await readFile(await file.path(), 'utf8');
    };
    const arrived = async (): Promise<void> => {
      for (const endpoint of ENDPOINTS) {
        await section('4. Wait for your vCenter')
          .getByRole('listitem')
          .filter({ hasText: `${endpoint} connected from 127.0.0.1` })
          .waitFor();
      }
    };

    describe('from an order to Connected', () => {
      it('begins where the catalog leads to, and is told what comes first', async () => {
        await page.goto(dashboard);
        await page.getByRole('heading', { level: 1, name: 'site-a' }).waitFor();
        await page.getByText('Inactive', { exact: true }).waitFor();
        await link('Set up the root key').click();
        await page.getByText('No API key is set: no key can be made or served.').waitFor();
        await visit.ready();
        expect(await visit.violations()).toEqual([]);
      });

      it('tries a root key before it is bound, and is told what is missing', async () => {
        await page.getByLabel('API key of the service ID').fill(await keyManager(['Viewer', 'Reader']));
        await button('Set the API key').click();
        await page.getByLabel('Another API key').waitFor();
        const bind = section('Bind a root key');
        await bind.getByLabel('Key manager').selectOption({ label: 'demo-key-protect (Key Protect, us-south)' });
        await bind.getByLabel('Root key', { exact: true }).selectOption({ label: 'demo-root-key' });
        await bind.getByText('Public', { exact: true }).click();
        await button('Try it').click();
        await bind.getByText('It cannot be used as it is: see the calls that fail.').waitFor();
        await bind.getByText('What to do:').first().waitFor();
        expect(await button('Bind').isDisabled()).toBe(true);
        expect(await visit.violations()).toEqual([]);
      });

      it('binds it once the API key has the right', async () => {
        await page.getByLabel('Another API key').fill(await keyManager(['Viewer', 'Manager']));
        await button('Replace the API key').click();
        await button('Try it').click();
        const bind = section('Bind a root key');
        await bind.getByText('Every call that is needed went through.').waitFor();
        await button('Bind').click();
        await dialog().getByText('Checked: nothing is in the way.').waitFor();
        expect(await visit.violations()).toEqual([]);
        await button('Bind', dialog()).click();
        await dialog().waitFor({ state: 'detached' });
        await section('The root key that is bound').getByText('Can be used').waitFor();
        await link('Overview').click();
        await page.getByText('Installed', { exact: true }).waitFor();
        await link('Connect a vCenter').last().click();
      });

      it('lets vCenter in by the certificate that it made itself', async () => {
        await visit.live();
        await section('4. Wait for your vCenter').getByText('Nobody is expected yet').waitFor();
        await desk.addProvider('site-a');
        const client = section('3. Let the service trust vCenter');
        await client.getByLabel('Name of the registration').fill('vcenter-a');
        await client.getByLabel('Certificate', { exact: true }).fill(await desk.presentNew('site-a'));
        await button('Let this certificate in').click();
        await section('4. Wait for your vCenter').getByText('waiting for the first connection').first().waitFor();
        await knock('site-a');
        await arrived();
        expect(await visit.violations()).toEqual([]);
      });
    });

    describe('when vCenter presents something else', () => {
      it('names the refusal the moment it happens, and adopts what was refused', async () => {
        const pem = await desk.presentNew('site-a');
        await knock('site-a');
        const room = section('4. Wait for your vCenter');
        // A stranger belongs to nobody, until somebody has said its fingerprint.
        await room.getByLabel('SHA-1 or SHA-256, as vCenter shows it').fill(new X509Certificate(pem).fingerprint);
        await button('Claim', room).click();
        await room.getByText('The certificate is not on the list of allowed certificates.').first().waitFor();
        await room.getByText('What to do:').first().waitFor();
        await button('Adopt this certificate', room).first().click();
        await dialog().getByLabel('Name of the registration').fill('vcenter-b');
        expect(await visit.violations()).toEqual([]);
        await button('Adopt this certificate', dialog()).click();
        await dialog().waitFor({ state: 'detached' });
        await room.locator('option:checked', { hasText: 'vcenter-b' }).waitFor({ state: 'attached' });
        await knock('site-a');
        await arrived();
      });

      it('gives the focus back to what has asked, however it was answered', async () => {
        await visit.open('certificates');
        await link('vcenter-a').click();
        await button('Rename').press('Enter');
        await dialog().getByLabel('Name of the registration').fill('vcenter-0');
        await page.keyboard.press('Escape');
        await page.locator('button:focus', { hasText: 'Rename' }).waitFor();
        await page.keyboard.press('Enter');
        await dialog().getByLabel('Name of the registration').fill('vcenter-old');
        await button('Rename', dialog()).press('Enter');
        await page.getByRole('heading', { level: 1, name: 'vcenter-old' }).waitFor();
        await page.locator('button:focus', { hasText: 'Rename' }).waitFor();
      });
    });

    describe('by the other ways that vCenter offers', () => {
      it('signs a request, and gives the certificate back', async () => {
        await visit.open('connect');
        await desk.addProvider('by-request');
        const client = section('3. Let the service trust vCenter');
        await client.getByText('New Certificate Signing Request (CSR)', { exact: true }).click();
        await client.getByLabel('Name of the registration').fill('vcenter-csr');
        const csr = Buffer.from(await desk.providers.newSigningRequest('by-request'));
        await client
          .locator('input[type=file]')
          .setInputFiles({ name: 'vcenter.csr', mimeType: 'text/plain', buffer: csr });
        await button('Sign and let in').click();
        await desk.providers.useSigned('by-request', await saved(button('Download the certificate')));
        await knock('by-request');
        await arrived();
        await button('Add another one').click();
        await client.getByText('Way in vCenter').waitFor();
      });

      it('makes a key pair, whose private key is not lost to another one without a word', async () => {
        const client = section('3. Let the service trust vCenter');
        await client.getByText('KMS certificate and private key', { exact: true }).click();
        await client.getByLabel('Name of the registration').fill('vcenter-pair');
        await button('Make a key pair').click();
        await button('Add another one').click();
        await dialog().getByText('The private key has not been downloaded').waitFor();
        expect(await visit.violations()).toEqual([]);
        await button('Stay here', dialog()).click();
        await dialog().waitFor({ state: 'detached' });
        expect(await saved(button('Download the private key'))).toContain('PRIVATE KEY');
        await button('Add another one').click();
        await client.getByText('Way in vCenter', { exact: true }).waitFor();
      });

      it('finds a stranger by its fingerprint, and lets it in', async () => {
        // What vCenter's own authority has signed is what a new provider presents.
        await desk.addProvider('by-root-ca');
        const pem = await desk.providers.clientCertificate('by-root-ca');
        await visit.open('diagnosis');
        await visit.live();
        await page
          .getByLabel('SHA-1 or SHA-256, as vCenter shows it')
          .fill(new X509Certificate(pem ?? '').fingerprint256);
        await button('Claim').click();
        await button('Remove').waitFor();
        await knock('by-root-ca');
        const attempts = section('Connection attempts');
        await button('Adopt this certificate', attempts).first().click();
        await dialog().getByLabel('Name of the registration').fill('vcenter-ca');
        await button('Adopt this certificate', dialog()).click();
        await dialog().waitFor({ state: 'detached' });
        await knock('by-root-ca');
        await attempts
          .getByRole('row', { name: /The client was let in.*vcenter-ca/ })
          .first()
          .waitFor();
        expect(await visit.violations()).toEqual([]);
      });
    });

    it('renews a certificate: both side by side, until the old one is not shown any more', async () => {
      await visit.open('certificates');
      await link('vcenter-b').click();
      await link('Renew').click();
      const [add, wait, remove] = [
        section('1. Add the next certificate'),
        section('2. Wait until vCenter uses it'),
        section('3. Remove the old one'),
      ];
      await add.getByText('KMS certificate and private key', { exact: true }).click();
      expect(await add.getByLabel('Name of the registration').inputValue()).toBe('vcenter-b-2');
      await button('Make a key pair').click();
      await wait.getByText('waiting for the first connection').first().waitFor();
      await remove.getByText('127.0.0.1 has shown the old one alone, at kmip-1').waitFor();
      expect(await button('Remove the old certificate').isDisabled()).toBe(true);
      await asksBeforeTheKeyIsLost();
      const certificate = await saved(button('Download the certificate'));
      await desk.providers.usePair('site-a', certificate, await saved(button('Download the private key')));
      await knock('site-a');
      await remove.getByText('Every address has changed: the old certificate can be removed.').waitFor();
      expect(await visit.violations()).toEqual([]);
      await button('Remove the old certificate').click();
      const act = button('Remove', dialog());
      await dialog().getByRole('textbox').fill('vcenter-a');
      expect(await act.isDisabled()).toBe(true);
      await dialog().getByRole('textbox').fill('vcenter-b');
      await act.click();
      await page.getByRole('heading', { level: 1, name: 'Certificates' }).waitFor();
      await link('vcenter-b-2').waitFor();
      await link('vcenter-b').waitFor({ state: 'detached' });
    });

    /** A private key that was made is in the page alone, until somebody has it. */
    async function asksBeforeTheKeyIsLost(): Promise<void> {
      const here = page.url();
      await link('Overview').click();
      await dialog().getByText('The private key has not been downloaded').waitFor();
      expect(await visit.violations()).toEqual([]);
      await button('Stay here', dialog()).click();
      await dialog().waitFor({ state: 'detached' });
      const asked = page.waitForEvent('dialog');
      await page.evaluate('void setTimeout(() => location.reload())');
      const question = await asked;
      expect(question.type()).toBe('beforeunload');
      await question.dismiss();
      expect(page.url()).toBe(here);
    }

    describe('with the keys of machines', () => {
      const row = (name: string): Locator => page.getByRole('row').filter({ hasText: name });

      it('sees them come by themselves', async () => {
        await visit.open('keys');
        await visit.live();
        await page.getByText('No key has been made yet').waitFor();
        await desk.vcenter.admin('POST', '/inventory/encrypt', { provider: 'site-a' });
        await row('web-0001-of-site-a').first().waitFor();
      });

      const find = async (name: string): Promise<void> => {
        await visit.open('keys');
        await page.getByRole('searchbox', { name: 'Name of the VM or host' }).fill(name);
        // The page shows that it asks before it does.
        const asked = page.waitForResponse(
          (response) => /\/keys\?.*=/.test(response.url()) && response.url().includes(name),
        );
        await button('Find').click();
        await asked;
        await visit.ready();
      };

      it('finds the key of a host by its name, and none for half a name', async () => {
        const name = desk.hosts[0]?.name ?? '';
        await find(name.slice(0, 4));
        await page.getByText('No key fits').waitFor();
        await find(name);
        await link(name).click();
        await page.getByRole('heading', { level: 1, name }).waitFor();
      });

      it('finds the key of a machine, and tells its life and who fetched it', async () => {
        await find('web-0001-of-site-a');
        expect(await page.getByRole('row').count()).toBe(2);
        await link('web-0001-of-site-a').click();
        await page.getByRole('heading', { level: 1, name: 'web-0001-of-site-a' }).waitFor();
        await visit.ready();
        const life = await section('Its life').getByRole('listitem').allTextContents();
        // vCenter fetches a new key before it activates it, in the same second or in the one before.
        const [first, ...later] = life.map((line) => /^(Created|Activated|Last fetched)/.exec(line)?.[0]);
        expect([first, ...later.sort()]).toEqual(['Created', 'Activated', 'Last fetched']);
        await section('Who fetched it').getByRole('row').filter({ hasText: 'vcenter-b-2' }).first().waitFor();
        expect(await visit.violations()).toEqual([]);
      });

      it('suspends and resumes it', async () => {
        await button('Suspend').click();
        await button('Suspend', dialog()).click();
        await page.getByText('Suspended (Active)').waitFor();
        await button('Resume').click();
        await button('Resume', dialog()).click();
        await page.getByText('Active', { exact: true }).waitFor();
        await button('Suspend').waitFor();
      });

      it.each([
        ['Revoke', 'Deactivated', 'button:focus:has-text("Revoke")'],
        // Nothing is left to be done with it.
        ['Destroy', 'Destroyed', '#main-content:focus'],
      ])('asks for its name before it does: %s', async (act, state, focused) => {
        await button(act).click();
        await dialog().getByText('Checked: nothing is in the way.').waitFor();
        const typed = dialog().getByLabel('Type in web-0001-of-site-a to confirm');
        await typed.fill('web-0002-of-site-a');
        expect(await button(act, dialog()).isDisabled()).toBe(true);
        await typed.fill('web-0001-of-site-a');
        expect(await visit.violations()).toEqual([]);
        await button(act, dialog()).click();
        await dialog().waitFor({ state: 'detached' });
        await page.locator('header').getByText(state, { exact: true }).waitFor();
        await page.locator(focused).waitFor();
      });
    });

    it('proves by user name and password that a vCenter is his', async () => {
      await visit.open('connect');
      const prove = section('5. Prove that the vCenter is yours');
      await prove.getByText('No password is valid at the moment.').waitFor();
      await button('Issue a KMIP password', prove).click();
      const issued = prove.getByRole('group', { name: 'This password is shown once' });
      const copied = async (what: string): Promise<string> => {
        await button(`Copy ${what}`, issued).click();
        return await page.evaluate<string>('navigator.clipboard.readText()');
      };
      const [userName, password] = [await copied('User name'), await copied('Password')];
      expect(await visit.violations()).toEqual([]);
      const { host, ports } = service.connection.kmip;
      for (const [index, port] of ports.entries()) {
        await desk.providers.updateServer('by-root-ca', {
          ...{ name: `kmip-${index + 1}`, address: host, port },
          ...{ userName, password },
        });
      }
      await desk.providers.generateKey('by-root-ca');
      await visit.open('certificates');
      await link('vcenter-ca').click();
      await page.getByText('By KMIP password').waitFor();
      await visit.open('connect');
      await prove.getByText(userName).waitFor();
      expect(await prove.getByText(password).count()).toBe(0);
    });

    it('hands a certificate over to another instance', async () => {
      await visit.open('certificates');
      await link('vcenter-csr').click();
      await button('Hand over').click();
      expect(await button('Hand over', dialog()).isDisabled()).toBe(true);
      await dialog().getByLabel('To the instance').selectOption({ label: 'demo-kmip' });
      expect(await visit.violations()).toEqual([]);
      await button('Hand over', dialog()).click();
      await dialog().waitFor({ state: 'detached' });
      await page.getByText('New keys are born in another instance').first().waitFor();
      await page.goto(`${service.connection.console.url}instances/${service.connection.instance.id}/certificates`);
      await link('vcenter-csr').click();
      await page.getByText('Handed over').waitFor();
    });

    it('shows who is signed in, and lets the look be chosen', async () => {
      const other = await ConsoleVisit.begin(browser, service);
      const panel = other.page.getByRole('group', { name: 'Account and appearance' });
      await other.page.getByRole('button', { name: 'Account and appearance' }).click();
      await panel.getByText('Demo Manager').waitFor();
      expect(await other.violations()).toEqual([]);
      await panel.getByText('Dark').click();
      await other.page.locator('html[data-carbon-theme="g100"]').waitFor();
      expect(await other.violations()).toEqual([]);
      await panel.getByText('简体中文').click();
      await other.page.locator('html[lang="zh-CN"]').waitFor();
      const body = other.page.locator('.k-panel__body');
      await other.page.getByRole('button', { name: '帐户与外观' }).click();
      await body.waitFor({ state: 'detached' });
      await other.page.keyboard.press('Enter');
      await other.page.keyboard.press('Tab');
      await other.page.keyboard.press('Escape');
      await body.waitFor({ state: 'detached' });
      await other.page.locator('button:focus').waitFor();
      await other.open('keys');
      expect(await other.page.locator('html').getAttribute('lang')).toBe('zh-CN');
      expect(other.complaints()).toEqual([]);
      await other.end();
    });
  });
};
