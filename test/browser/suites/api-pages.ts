import { type Browser, type Page } from 'playwright-core';

import { type RunningService } from '../../e2e/support/running-service';
import { type Suite } from '../support/stage';

export const apiPages: Suite = (stage) => {
  describe('the pages of the tenant API', () => {
    let service: RunningService;
    let browser: Browser;
    let page: Page;
    /** Whatever the page itself complained of: a script that died, a file refused by the policy. */
    const complaints: string[] = [];

    beforeAll(async () => {
      ({ service, browser } = stage());
      page = await browser.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
    });

    afterAll(async () => {
      await page.close();
    });

    beforeEach(() => {
      complaints.length = 0;
    });

    const open = (path: string) => page.goto(`${service.connection.management.url}${path}`);

    it('shows each documented operation', async () => {
      await open('/v1/docs');
      await page.locator('#errors li').last().waitFor();
      const { paths } = (await (await fetch(`${service.connection.management.url}/v1/openapi.json`)).json()) as {
        paths: Record<string, Record<string, { operationId?: string }>>;
      };
      const documented = Object.values(paths).flatMap((item) =>
        Object.values(item).flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId])),
      );
      const found = await page.locator('#operations details').all();
      const shown = await Promise.all(found.map((operation) => operation.getAttribute('id')));
      expect(shown.sort()).toEqual(documented.sort());
      expect(complaints).toEqual([]);
    });

    it('sends a request and shows the answer', async () => {
      await open('/v1/docs');
      await page.fill('#token', await service.token('manager'));
      const operation = page.locator('#get_instance');
      await operation.locator('summary').click();
      await operation
        .locator('label', { hasText: 'path, required' })
        .locator('input')
        .fill(service.connection.instance.id);
      await operation.getByRole('button', { name: 'Send' }).click();
      const answer = operation.locator('pre', { hasText: 'x-correlation-id' });
      await answer.waitFor();
      expect(await answer.textContent()).toMatch(
        new RegExp(`^200\\n[\\s\\S]*"id": "${service.connection.instance.id}"`),
      );
      expect(complaints).toEqual([]);
    });

    it('leads from a refusal to its cause and remedy', async () => {
      const refusal = await fetch(`${service.connection.management.url}/v1/instances`);
      const { errors } = (await refusal.json()) as { errors: { code: string; more_info: string }[] };
      await page.goto(errors[0]?.more_info ?? '');
      const target = page.locator('tr:target');
      expect(await target.textContent()).toContain('unauthenticated');
      expect(await target.isVisible()).toBe(true);
      expect(await target.textContent()).toContain('Send a valid IAM access token');
      expect(complaints).toEqual([]);
    });
  });
};
