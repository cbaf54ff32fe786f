import { X509Certificate } from 'node:crypto';

import { type Browser, type Page } from 'playwright-core';

import { issueClientCertificate } from '@lib/pki';

import { fetchKey } from '../../e2e/support/keys';
import { type RunningService } from '../../e2e/support/running-service';
import { allowCertificate } from '../../e2e/support/second-tenant';
import { accountOf, TenantApi } from '../../e2e/support/tenant-api';
import { ageSessions, ConsoleVisit } from '../support/console';
import { encryptMachines, type Machine } from '../support/machines';
import { type Suite } from '../support/stage';

/** Runs wherever it is taken for markup. */
const HOSTILE = '<img src=x onerror="window.wasRun=1">"\'><script>window.wasRun=1</script>{{7*7}}';
/** A certificate names somebody in 64 characters. */
const HOSTILE_SUBJECT = '<img src=x onerror="window.wasRun=1">';
/** Of a certificate or an instance. */
const HOSTILE_NAME = '<script>window.wasRun=1</script><img src=x onerror=window.wasRun=1>';
const HOSTILE_ATTRIBUTE = 'x-<img src=x onerror="window.wasRun=1">';
const HOSTILE_CONTACT = '<b onclick=alert(1)>contact</b>{{7*7}}';
const HOSTILE_APPLICATION = '<script>window.wasRun=1</script>vsan';
const UNKNOWN_KEY = '3f0c9a52-6a0e-4d53-9a56-0f6f6f1f7a11';
const TRACE = '0e0a7c1c-2c5b-4f0e-8c6c-0a9a3f6b1d11';

const somebody = () => issueClientCertificate('self-signed', { commonName: HOSTILE_SUBJECT, validDays: 30 });

export const trouble: Suite = (stage) => {
  describe('the console in trouble', () => {
    let service: RunningService;
    let browser: Browser;
    let visit: ConsoleVisit;
    let page: Page;

    beforeAll(() => {
      ({ service, browser } = stage());
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
      await writeOn(machine);
      const api = new TenantApi(service, await service.token('manager'));
      const [known, stranger] = await Promise.all([somebody(), somebody()]);
      const certificate = await allowCertificate(service, visit.instance, HOSTILE_NAME, known.certificatePem);
      // As RFC 4514 writes it: with a backslash before what means something there.
      const { subject } = await api.ok<{ subject: string }>('GET', `/client_certificates/${certificate}`);
      expect(subject.replaceAll('\\', '')).toBe(`CN=${HOSTILE_SUBJECT}`);
      const plan = await api.ok<{ id: string }>('POST', '/shred_plans', { scope: 'keys', key_ids: [machine.key] });
      const { fingerprint256 } = new X509Certificate(stranger.certificatePem);
      await api.ok('POST', '/certificate_claims', { kind: 'fingerprint', value: fingerprint256 });
      const client = await service.kmipAs(stranger.certificatePem, stranger.privateKeyPem.exposeText());
      expect(await fetchKey(client, machine.key)).not.toHaveProperty('hex');
      await client.close();
      const covered_certificates = await api.clientCertificates();
      const taken = { taken_at: new Date().toISOString(), source: HOSTILE, key_ids: [], covered_certificates };
      await api.ok('PUT', '/inventory', taken);
      for (const [address, shown] of [
        ['keys', HOSTILE],
        [`keys/${machine.key}`, HOSTILE],
        [`keys/${machine.key}`, HOSTILE_ATTRIBUTE],
        [`keys/${machine.key}`, HOSTILE_CONTACT],
        [`keys/${machine.key}`, HOSTILE_APPLICATION],
        [`shred/${plan.id}`, HOSTILE],
        ['certificates', HOSTILE_NAME],
        [`certificates/${certificate}`, subject],
        ['diagnosis', subject],
        ['reclaim', HOSTILE],
        [`keys?search=${encodeURIComponent(HOSTILE)}`, undefined],
        [`audit?action=${encodeURIComponent(HOSTILE)}`, undefined],
      ] as const) {
        await visit.open(address);
        if (shown !== undefined) await page.getByText(shown).first().waitFor();
        expect([address, await page.evaluate<boolean>(`'wasRun' in window`)]).toEqual([address, false]);
        expect([address, await page.locator('main img').count()]).toEqual([address, 0]);
      }
      visit.expect(/^400 GET .*\/audit_events$/);
    });

    /** What a client may write on a key besides what vCenter does. */
    async function writeOn({ key: uniqueIdentifier }: Machine): Promise<void> {
      const client = await service.kmip();
      const text = (value: string) => ({ type: 'TextString', value }) as const;
      await client.addAttribute(uniqueIdentifier, {
        attributeName: HOSTILE_ATTRIBUTE,
        attributeValue: text(HOSTILE),
      });
      await client.addAttribute(uniqueIdentifier, {
        attributeName: 'Contact Information',
        attributeValue: text(HOSTILE_CONTACT),
      });
      await client.addAttribute(uniqueIdentifier, {
        attributeName: 'Application Specific Information',
        attributeValue: {
          type: 'Structure',
          // Application Namespace and Application Data.
          value: [
            { tag: 0x420003, ...text(HOSTILE_APPLICATION) },
            { tag: 0x420002, ...text(HOSTILE) },
          ],
        },
      });
      await client.close();
    }

    it('shows what somebody calls himself, to himself and to others, and runs nothing of it', async () => {
      const iamId = 'IBMid-HOSTILE';
      const accountId = accountOf(service);
      const resource = { serviceName: 'kmip-for-vmware', serviceInstance: visit.instance };
      await service.localCloud('POST', '/users', { iamId, accountId, name: HOSTILE_NAME });
      await service.localCloud('POST', '/policies', { iamId, roles: ['Manager'], resource });
      const [machine] = (await encryptMachines(service, ['ledger-02'])) as readonly [Machine];
      const other = await ConsoleVisit.begin(browser, service, { user: HOSTILE_NAME }, `shred?keys=${machine.key}`);
      await other.page.getByRole('button', { name: 'Account and appearance' }).click();
      await other.page.getByText(HOSTILE_NAME).waitFor();
      await other.page.keyboard.press('Escape');
      await other.page.getByRole('button', { name: 'Make the plan' }).click();
      await other.page.getByRole('row').filter({ hasText: 'ledger-02' }).waitFor();
      await visit.open(new URL(other.page.url()).pathname.split('/').slice(-2).join('/'));
      await page.getByText(iamId).first().waitFor();
      await visit.open('audit');
      await page.getByText(HOSTILE_NAME).first().waitFor();
      for (const one of [other.page, page]) {
        expect(await one.evaluate<boolean>(`'wasRun' in window`)).toBe(false);
        expect(await one.locator('main img').count()).toBe(0);
      }
      expect(other.complaints()).toEqual([]);
      await other.end();
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
      const problem = page.getByRole('alert').filter({ has: page.getByText('Correlation id') });
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
      await ageSessions(service, 86_400);
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

    it('says at once what stops keys, and leads to the machines that it stops', async () => {
      const [machine] = (await encryptMachines(service, ['ledger-01'])) as readonly [Machine];
      await visit.live();
      const { rootKey } = service.connection;
      expect((await service.keyProtect('POST', `/keys/${rootKey.id}/actions/disable`)).status).toBe(204);
      const client = await service.kmip();
      expect(await fetchKey(client, machine.key)).not.toHaveProperty('hex');
      await client.close();
      const problem = page.getByRole('group', { name: 'Needs attention' });
      await problem.getByText('Keys are not served.').waitFor();
      expect(await visit.violations()).toEqual([]);
      await problem.getByRole('link', { name: 'machines it stops' }).click();
      await page.getByRole('row').filter({ hasText: 'ledger-01' }).waitFor();
      expect(new URL(page.url()).search).toBe('?servable=false');
    });

    it('says in Chinese what is refused and what a check has found, with the original to copy', async () => {
      const chinese = await ConsoleVisit.begin(browser, service, { language: 'zh-CN' }, `shred?keys=${UNKNOWN_KEY}`);
      const { page: here } = chinese;
      chinese.expect(/^409 POST .*\/shred_plans$/);
      await here.getByRole('button', { name: '制定计划' }).click();
      const problem = here.getByRole('alert').filter({ has: here.getByText('关联标识') });
      await problem.getByText('没有可粉碎的密钥：所指的密钥不存在，或已销毁。').waitFor();
      await problem.getByText('服务的英文原文').click();
      await problem.getByText(`There is no key ${UNKNOWN_KEY}.`).waitFor();
      await problem.getByRole('button', { name: /英文原文和关联标识/ }).click();
      expect(await here.evaluate<string>('navigator.clipboard.readText()')).toMatch(
        new RegExp(`^invalid_state: There is no key ${UNKNOWN_KEY}\\.\n[0-9a-f-]{36}$`),
      );
      expect(await chinese.violations()).toEqual([]);

      await chinese.open('root-key');
      await here.getByRole('button', { name: '立即检查' }).click();
      const finding = here.getByRole('row').filter({ hasText: '用于提供密钥' }).first();
      await here
        .getByRole('cell', { name: /根密钥已在密钥管理器中禁用/ })
        .first()
        .waitFor();
      await finding.getByText('读取者（服务角色）').waitFor();
      expect(await chinese.violations()).toEqual([]);
      expect(chinese.complaints()).toEqual([]);
      await chinese.end();
    });
  });
};
