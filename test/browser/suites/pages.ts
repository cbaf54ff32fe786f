import { readFile } from 'node:fs/promises';

import { type Browser } from 'playwright-core';

import { type RunningService } from '../../e2e/support/running-service';
import { TenantApi } from '../../e2e/support/tenant-api';
import { ConsoleVisit, type VisitOptions } from '../support/console';
import { pagesOf } from '../support/console-pages';
import { takePicture, UPDATES_DOCS, writeFigures } from '../support/documentation';
import { type FirstLoad, firstLoadOf } from '../support/first-load';
import { encryptMachines, type Machine } from '../support/machines';
import { keysOf, sentencesOf } from '../support/own-texts';
import { type Suite } from '../support/stage';
import { recordUsage } from '../support/usage';

const [READER, WRITER, MANAGER] = ['Needs the role Reader', 'Needs the role Writer', 'Needs the role Manager'];
/** Of which there is a record. */
const DAYS = 14;
type Window = NonNullable<VisitOptions['viewport']>;
const TELEPHONE: Window = { width: 360, height: 740 };
const SCREEN: Window = { width: 3840, height: 2160 };
const [KEY, RENEWAL, PLAN] = ['keys/:key', 'certificates/:certificate/renew', 'shred/:plan'];

/** Our own sentences, of which none may be met in the other language. */
const ENGLISH = sentencesOf('en');
/** What is shown in place of a text that is not there. */
const KEYS = new Set(keysOf('en'));

export const everyPage: Suite = (stage) => {
  describe('every page of the console', () => {
    let service: RunningService;
    let browser: Browser;
    let pages: ReadonlyMap<string, string>;

    beforeAll(async () => {
      ({ service, browser } = stage());
      const api = new TenantApi(service, await service.token('manager'));
      const machines = await encryptMachines(service, ['web-01', 'web-02', 'db-01']);
      const [machine, retired] = machines as readonly [Machine, Machine];
      const { client_certificates: certificates } = await api.ok<{ client_certificates: { id: string }[] }>(
        'GET',
        '/client_certificates',
      );
      const inventory = { taken_at: new Date().toISOString(), source: 'vcenter-01', key_ids: [machine.key] };
      await api.ok('PUT', '/inventory', { ...inventory, covered_certificates: await api.clientCertificates() });
      await api.ok('POST', '/quarantined_keys', { id: retired.key });
      await api.ok('PUT', '/webhook', { url: 'https://hooks.example.com/kmip' });
      const plan = await api.ok<{ id: string }>('POST', '/shred_plans', { scope: 'keys', key_ids: [machine.key] });
      await recordUsage(service, service.connection.instance.id, DAYS);
      pages = pagesOf({ certificate: certificates[0]?.id ?? '', key: machine.key, plan: plan.id });
    });

    interface Look {
      readonly text: string;
      readonly wrong: readonly string[];
    }

    interface Looking {
      readonly axe: boolean;
      readonly pictures?: boolean;
      /** Each page by its address; else as by a link from the one before. */
      readonly anew?: boolean;
    }

    /** Opens each page once and looks at all that may be wrong with it. */
    async function lookAt(options: VisitOptions, { axe, pictures, anew }: Looking): Promise<Record<string, Look>> {
      const visit = await ConsoleVisit.begin(browser, service, options);
      const looks: Record<string, Look> = {};
      for (const [page, address] of pages) {
        await (anew === true ? visit.open(address) : visit.turnTo(address));
        if (pictures === true) await takePicture(visit.page, page);
        looks[page] = {
          text: await visit.page.locator('body').innerText(),
          wrong: [...(axe ? await visit.violations() : []), ...(await tooWide(visit)), ...visit.complaints()],
        };
      }
      await visit.end();
      return looks;
    }

    /** Where somebody has to scroll sideways: in the window as it is, and on a telephone. */
    async function tooWide(visit: ConsoleVisit): Promise<readonly string[]> {
      const before = visit.page.viewportSize() ?? TELEPHONE;
      const here = await visit.overflow();
      await visit.page.setViewportSize(TELEPHONE);
      const there = await visit.overflow();
      await visit.page.setViewportSize(before);
      return [
        ...(here > 0 ? [`wider than its window by ${here}`] : []),
        ...(there > 0 ? [`wider than a telephone by ${there}`] : []),
      ];
    }

    const wrongOf = (looks: Record<string, Look>): readonly (readonly [string, readonly string[]])[] =>
      Object.entries(looks).flatMap(([page, { wrong }]) => (wrong.length === 0 ? [] : [[page, wrong] as const]));

    it('can be read by everybody, in English and light, and shows no key of a text', async () => {
      const looks = await lookAt({}, { axe: true, anew: true, pictures: UPDATES_DOCS });
      expect(Object.keys(looks).length).toBeGreaterThan(12);
      expect(wrongOf(looks)).toEqual([]);
      const words = Object.entries(looks).flatMap(([page, { text }]) =>
        text.split(/\s+/).map((word) => [page, word] as const),
      );
      expect(words.filter(([, word]) => KEYS.has(word) || word.includes('{{'))).toEqual([]);
    });

    it('can be read by everybody, in Chinese and dark, and has no English sentence of ours', async () => {
      const looks = await lookAt({ language: 'zh-CN', theme: 'dark' }, { axe: true });
      expect(wrongOf(looks)).toEqual([]);
      const english = Object.entries(looks).flatMap(([page, { text }]) =>
        ENGLISH.filter((sentence) => text.includes(sentence)).map((sentence) => [page, sentence]),
      );
      expect(english).toEqual([]);
    });

    it.each<[string, Window, Readonly<Record<string, string>>]>([
      [
        'Demo Viewer',
        TELEPHONE,
        { keys: READER, [KEY]: READER, certificates: READER, [RENEWAL]: MANAGER, audit: MANAGER, [PLAN]: READER },
      ],
      [
        'Demo Reader',
        SCREEN,
        { [RENEWAL]: MANAGER, audit: MANAGER, settings: MANAGER, shred: MANAGER, 'root-key': WRITER },
      ],
    ])(
      'asks nothing that a %s may not ask, says which role it takes, and fits into his window',
      async (user, viewport, needed) => {
        const looks = await lookAt({ user, viewport }, { axe: false });
        expect(wrongOf(looks)).toEqual([]);
        const told = Object.keys(needed).map((page) => [page, /Needs the role \w+/.exec(looks[page]?.text ?? '')?.[0]]);
        expect(Object.fromEntries(told)).toEqual(needed);
      },
    );

    it('offers an Operator what he may do, and names the role of what he may not', async () => {
      const visit = await ConsoleVisit.begin(browser, service, { user: 'Demo Operator' }, 'connect');
      expect(visit.complaints()).toEqual([]);
      const button = visit.page.getByRole('button', { name: 'Let this certificate in' });
      expect(await button.getAttribute('aria-disabled')).toBe('true');
      await visit.page
        .locator(`[id="${(await button.getAttribute('aria-describedby')) ?? ''}"]`)
        .getByText(MANAGER)
        .waitFor();
      expect(await visit.violations()).toEqual([]);
      await visit.end();
    });

    it('draws the usage by day, and hands the same over as a table and a file', async () => {
      const visit = await ConsoleVisit.begin(browser, service, {}, 'usage');
      const chart = visit.page.locator('.k-chart svg.layout-svg-wrapper').first();
      await chart.locator('path.line').first().waitFor({ state: 'attached' });
      for (const axis of ['bottom', 'left']) {
        expect(await chart.locator(`.axis.${axis} .tick text`).count()).toBeGreaterThan(1);
      }
      const row = await visit.page.getByRole('row').filter({ hasText: '38' }).innerText();
      const coming = visit.page.waitForEvent('download');
      await visit.page.getByRole('button', { name: 'Download as CSV' }).click();
      const lines = (await readFile(await (await coming).path(), 'utf8')).trimEnd().split('\r\n');
      const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
      expect(lines[0]).toBe('day,live_keys,client_certificates');
      expect(lines).toContain(`${yesterday},38,3`);
      expect(lines.length).toBeGreaterThan(DAYS);
      expect(row).toMatch(/\t38\t3$/);
      expect(visit.complaints()).toEqual([]);
      await visit.end();
    });

    it('tells a stranger that there is nothing for him', async () => {
      const visit = await ConsoleVisit.begin(browser, service, { user: 'Demo Stranger' });
      const { page } = visit;
      visit.expect(/^404 GET .*\/(instances\/[0-9a-f-]{36}|permissions|events)$/);
      await page.getByRole('heading', { name: 'There is no such instance' }).waitFor();
      expect(await visit.violations()).toEqual([]);
      await page
        .getByRole('button', { name: 'To the instances' })
        .or(page.getByRole('link', { name: 'To the instances' }))
        .click();
      await page.getByText('There is no instance that you may see yet').waitFor();
      expect(await visit.violations()).toEqual([]);
      expect(visit.complaints()).toEqual([]);
      await visit.end();
    });

    it('is there soon over the line to an office', async () => {
      const loads: Record<string, FirstLoad> = {};
      const visit = await ConsoleVisit.begin(browser, service);
      for (const page of ['overview', 'keys', 'usage']) {
        const url = `${service.connection.console.url}instances/${visit.instance}/${page}`;
        loads[page] = await firstLoadOf(visit.page, url, () => visit.ready());
      }
      await visit.end();
      for (const { kilobytes, milliseconds } of Object.values(loads)) {
        expect(kilobytes).toBeGreaterThan(100);
        // Generous, since the machine of a test is shared; the README has what was measured.
        expect(milliseconds).toBeLessThan(15_000);
      }
      if (UPDATES_DOCS) writeFigures(loads);
    });
  });
};
