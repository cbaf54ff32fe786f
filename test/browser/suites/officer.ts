import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type Browser, type Locator, type Page } from 'playwright-core';

import { createKey, fetchKey } from '../../e2e/support/keys';
import { type RunningService } from '../../e2e/support/running-service';
import { type Seed } from '../../e2e/support/second-tenant';
import { accountOf } from '../../e2e/support/tenant-api';
import { ConsoleVisit } from '../support/console';
import { encryptMachines, type Machine } from '../support/machines';
import { type Suite } from '../support/stage';

/** Eight are moved at a time. */
const KEYS = 20;
const SECOND = 'Second Officer';
const verifyAudit = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [join(process.cwd(), 'scripts', 'verify-audit.mjs'), ...args]);

const ON_THE_WAY = /^\d+ of 2\d keys have arrived$/;
/** A few keys are moved, and then the key manager is away for a while. */
const STUCK = {
  match: { service: 'kms', operations: ['secrets.rewrap'] },
  effect: { kind: 'status', status: 503 },
  skip: 4,
};
/** Slow enough that a move can be watched, and paused on the way. */
const SLOW = { match: { service: 'kms' }, effect: { kind: 'delay', milliseconds: 150 } };

export const officer: Suite = (stage) => {
  describe('what a security officer does in the console', () => {
    let service: RunningService;
    let browser: Browser;
    let officer: ConsoleVisit;
    let page: Page;
    let machines: readonly Machine[];

    beforeAll(async () => {
      ({ service, browser } = stage());
      machines = await encryptMachines(
        service,
        Array.from({ length: KEYS }, (_, index) => `payroll-${index + 1}`),
      );
      await addSecondOfficer();
      officer = await ConsoleVisit.begin(browser, service);
      page = officer.page;
    });
    afterAll(async () => {
      await officer.end();
    });
    afterEach(() => {
      expect(officer.complaints()).toEqual([]);
    });

    async function addSecondOfficer(): Promise<void> {
      const iamId = 'IBMid-SECONDOFFICER';
      const resource = { serviceName: 'kmip-for-vmware', serviceInstance: service.connection.instance.id };
      await service.localCloud('POST', '/users', { iamId, accountId: accountOf(service), name: SECOND });
      await service.localCloud('POST', '/policies', { iamId, roles: ['Manager'], resource });
    }

    /** Of what a button gives to the browser. @returns where it lies */
    async function downloaded(button: Locator): Promise<string> {
      const [file] = await Promise.all([button.page().waitForEvent('download'), button.click()]);
      return await file.path();
    }

    /** Answers the question of a dialog with the name that it asks for. */
    async function agree(on: Page, act: string): Promise<void> {
      const dialog = on.getByRole('dialog');
      const name = dialog.getByRole('textbox');
      if ((await name.count()) > 0) await name.fill('demo-kmip');
      await dialog.getByRole('button', { name: act, exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    }

    const section = (name: string): Locator => page.getByRole('region', { name });

    it('watches a rotation move every key', async () => {
      await officer.open('root-key');
      await officer.live();
      await service.localCloud('POST', '/faults', STUCK);
      expect((await service.keyProtect('POST', `/keys/${service.connection.rootKey.id}/actions/rotate`)).status).toBe(
        204,
      );
      // Whoever makes a key notices it.
      await makeKey();
      const rotation = page.getByRole('group', { name: 'Rotation' });
      await rotation.getByText(ON_THE_WAY).waitFor();
      expect(await officer.violations()).toEqual([]);
      const hindrance = rotation.getByRole('group', { name: 'In the way' });
      await hindrance.getByText(`root key ${service.connection.rootKey.id} does not answer`).waitFor();
      // What has just been is not still to come, however long ago the page was drawn.
      expect(await rotation.innerText()).not.toMatch(/Last looked at\s+in /);
      await service.localCloud('DELETE', '/faults');
    });

    it('binds another root key, with a pause on the way', async () => {
      const next = await anotherRootKey();
      const bind = section('Bind a root key');
      await bind.getByLabel('CRN of the root key').fill(next.rootKey.crn);
      await bind.getByText('Public', { exact: true }).click();
      await bind.getByRole('button', { name: 'Try it' }).click();
      await bind.getByText('Every call that is needed went through.').waitFor();
      await bind.getByRole('button', { name: 'Bind', exact: true }).click();
      await service.localCloud('POST', '/faults', SLOW);
      await agree(page, 'Bind');
      const former = page.getByRole('group', { name: `Former root key ${service.connection.rootKey.id}` });
      await former.getByRole('button', { name: 'Pause' }).click();
      await former.getByText('Paused', { exact: true }).waitFor();
      await former.getByText(ON_THE_WAY).waitFor();
      expect(await officer.violations()).toEqual([]);
      await service.localCloud('DELETE', '/faults');
      await former.getByRole('button', { name: 'Its own API key' }).click();
      const dialog = page.getByRole('dialog', { name: 'Its own API key' });
      await dialog.getByLabel('API key of the service ID', { exact: true }).fill((await tenantOf()).apiKey);
      expect(await officer.violations()).toEqual([]);
      await dialog.getByRole('button', { name: 'Set the API key' }).click();
      await dialog.waitFor({ state: 'detached' });
      await former.getByRole('button', { name: 'Resume' }).click();
      await former.waitFor({ state: 'detached' });
      await section('The root key that is bound').getByText(next.rootKey.id, { exact: true }).waitFor();
    });

    async function anotherRootKey(): Promise<Seed> {
      const { serviceId, apiKey } = await tenantOf();
      return await service.localCloud<Seed>('POST', '/seed', {
        account: { id: accountOf(service) },
        serviceId: { id: serviceId },
        apiKey: { apikey: apiKey },
        roles: ['Viewer', 'Manager'],
      });
    }

    async function tenantOf(): Promise<{ readonly serviceId: string; readonly apiKey: string }> {
      return JSON.parse(await readFile(join(service.dataFolder, 'demo-tenant.json'), 'utf8')) as {
        readonly serviceId: string;
        readonly apiKey: string;
      };
    }

    it('demands a second person, and shreds the key of one machine with it', async () => {
      await officer.open('settings');
      await page.getByRole('button', { name: 'Demand a second person' }).click();
      await agree(page, 'Demand a second person');
      await page.getByText('Keys are destroyed by confirmed plans alone').waitFor();

      const [{ name, key }] = machines as [Machine];
      await officer.open(`shred?keys=${key}`);
      await page.getByRole('button', { name: 'Make the plan' }).click();
      await page.getByText('Another person has to read this plan').waitFor();
      await page.getByRole('cell', { name: new RegExp(`${name} .*${key}`) }).waitFor();
      expect(await page.getByRole('button', { name: 'Confirm the plan' }).isDisabled()).toBe(true);
      expect(await officer.violations()).toEqual([]);

      await confirmAs(SECOND, new URL(page.url()).pathname.split('/').at(-1) ?? '');
      await page.getByRole('button', { name: 'Destroy the keys' }).click();
      await page.getByText('One key ends, and what it protects is lost.').waitFor();
      await agree(page, 'Destroy the keys');
      await page.getByRole('heading').getByText('Single keys').waitFor();
      await page.getByText('Completed').waitFor();
      await page.getByText('Deleted in the key manager').waitFor();
      const [record, keys] = [
        await downloaded(page.getByRole('button', { name: 'Download the record' })),
        await downloaded(page.getByRole('button', { name: 'Download the key set' })),
      ];
      const { instance } = service.connection;
      const { stdout } = await verifyAudit('--record', record, '--keys', keys, '--instance', instance.id);
      expect(stdout).toContain(key);
    });

    async function confirmAs(user: string, plan: string): Promise<void> {
      const visit = await ConsoleVisit.begin(browser, service, { user }, `shred/${plan}`);
      await visit.page.getByText('Read which machines this stops.').waitFor();
      await visit.page.getByRole('button', { name: 'Confirm the plan' }).click();
      await agree(visit.page, 'Confirm the plan');
      await visit.page.getByText('Confirmed, nothing is done yet').waitFor();
      expect(visit.complaints()).toEqual([]);
      await visit.end();
    }

    it('searches the audit trail, follows it, and has it verified here and without us', async () => {
      await officer.open('audit?action=vmware-solutions.kmip-key.create&outcome=success');
      await page.getByRole('cell', { name: 'kmip-key.create' }).first().waitFor();
      expect(await page.getByRole('cell', { name: 'audit.read' }).count()).toBe(0);
      const made = await makeKey();
      await page.getByRole('cell', { name: made }).waitFor();

      await page.getByRole('button', { name: 'Check it in this browser' }).click();
      await page.getByText(/^Intact: [\d,]+ records chain up to the signed head\.$/).waitFor();
      const [head, keys, log] = [
        await downloaded(page.getByRole('button', { name: 'Download the signed head' })),
        await downloaded(page.getByRole('button', { name: 'Download the key set' })),
        await downloaded(page.getByRole('button', { name: 'Export' })),
      ];
      const { stdout } = await verifyAudit(log, head, '--keys', keys, '--instance', service.connection.instance.id);
      expect(stdout).toContain('intact');
      expect(await officer.violations()).toEqual([]);
    });

    it('hears of a key that is only handed out, which no event tells', async () => {
      const { key } = machines[1]!;
      await officer.open(`audit?action=vmware-solutions.kmip-key.read&target=${key}`);
      const rows = page.locator('tbody tr');
      await rows.first().waitFor();
      const before = await rows.count();
      await handOut(key);
      await rows.nth(before).waitFor();
    });

    async function makeKey(): Promise<string> {
      const client = await service.kmip();
      const made = await createKey(client);
      await client.close();
      return made;
    }

    async function handOut(key: string): Promise<void> {
      const client = await service.kmip();
      await fetchKey(client, key);
      await client.close();
    }
  });
};
