import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Browser } from 'playwright-core';

import { type RunningService } from '../../e2e/support/running-service';
import { type Suite } from '../support/stage';

/** What an answer says that has no page. */
interface Said {
  readonly status: number;
  readonly body: {
    readonly user?: { readonly iam_id: string };
    readonly csrf_token?: string;
    readonly id?: string;
    readonly errors?: readonly { readonly code: string }[];
  };
}

export const login: Suite = (stage) => {
  describe('signing in to the console', () => {
    let service: RunningService;
    let browser: Browser;

    beforeAll(() => {
      ({ service, browser } = stage());
    });

    /** Somebody with a browser of his own. */
    async function somebody() {
      const context = await browser.newContext();
      const page = await context.newPage();
      const { url } = service.connection.console;
      return {
        context,
        page,
        /** By the page of the stand-in cloud. */
        signIn: async (name: string, target = '/console/') => {
          await page.goto(`${url}login?target=${encodeURIComponent(target)}`);
          await page.getByRole('button', { name }).click();
          await page.waitForURL((address) => address.pathname.startsWith('/console/'));
        },
        ask: (path: string, options: { method?: string; csrf?: string } = {}): Promise<Said> =>
          page.evaluate(
            async ([address, method, csrf]) => {
              const answer = await fetch(address, { method, headers: csrf === '' ? {} : { 'x-csrf-token': csrf } });
              return { status: answer.status, body: (await answer.json()) as Said['body'] };
            },
            [path, options.method ?? 'GET', options.csrf ?? ''] as const,
          ),
      };
    }

    const instance = (): string => `/console/api/v1/instances/${service.connection.instance.id}`;

    it.each([
      ['Demo Manager', 200, 200],
      ['Demo Reader', 200, 200],
      ['Demo Viewer', 200, 403],
      ['Demo Stranger', 404, 404],
    ])('makes %s the caller of the tenant API', async (name, ofInstance, ofKeys) => {
      const who = await somebody();
      await who.signIn(name);
      const [session, one, keys] = [
        await who.ask('/console/api/session'),
        await who.ask(instance()),
        await who.ask(`${instance()}/keys`),
      ];
      expect(session.body.user?.iam_id).toBe(`IBMid-${name.replace(' ', '').toUpperCase()}`);
      expect([one.status, keys.status]).toEqual([ofInstance, ofKeys]);
      const [cookie] = (await who.context.cookies()).filter(({ name: of }) => of.endsWith('session'));
      expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' });
      await who.context.close();
    });

    it('leads to the instance that the catalog names, whichever way it names it', async () => {
      const who = await somebody();
      const { crn, id } = service.connection.instance;
      await who.signIn('Demo Manager', `/console/instances/${encodeURIComponent(crn)}`);
      expect(new URL(who.page.url()).pathname).toBe(`/console/instances/${id}`);
      const { url } = service.connection.management;
      await who.page.goto(`${url}/dashboard/${id}`);
      expect(new URL(who.page.url()).pathname).toBe(`/console/instances/${id}`);
      await who.context.close();
    });

    it('comes back to the name that IAM knows, whichever name of this machine it begins with', async () => {
      const who = await somebody();
      const { port } = new URL(service.connection.console.url);
      await who.page.goto(`http://localhost:${port}/console/login`);
      await who.page.getByRole('button', { name: 'Demo Viewer' }).click();
      await who.page.waitForURL(`http://127.0.0.1:${port}/console/`);
      expect((await who.ask('/console/api/session')).status).toBe(200);
      await who.context.close();
    });

    it('ends when one signs out, here and in IBM Cloud', async () => {
      const who = await somebody();
      await who.signIn('Demo Manager');
      const csrf = (await who.ask('/console/api/session')).body.csrf_token ?? '';
      expect((await who.ask('/console/logout', { method: 'POST' })).status).toBe(403);
      expect((await who.ask('/console/logout', { method: 'POST', csrf })).status).toBe(200);
      expect((await who.ask(instance())).body.errors?.[0]?.code).toBe('unauthenticated');

      const { url } = service.connection.console;
      await who.page.goto(`${url}signed-out`);
      // IBM Cloud still knows the browser.
      await who.page.getByRole('link', { name: 'Sign in', exact: true }).click();
      await who.page.waitForURL((address) => address.pathname === '/console/');
      expect((await who.ask('/console/api/session')).status).toBe(200);
      await who.page.goto(`${url}signed-out`);
      await who.page.getByRole('link', { name: 'Sign out of IBM Cloud too' }).click();
      await who.page.goto(`${url}login`);
      await who.page.getByRole('button', { name: 'Demo Viewer' }).waitFor();
      await who.context.close();
    });

    it('leaves no token in the browser, in a log or in what scripts are told', async () => {
      const who = await somebody();
      await who.signIn('Demo Manager');
      const cookies = await who.context.cookies(service.connection.console.url);
      const seen = JSON.stringify([
        cookies,
        await who.page.content(),
        await who.page.evaluate<string>('JSON.stringify([{ ...localStorage }, { ...sessionStorage }])'),
      ]);
      expect(seen).not.toContain('eyJ');
      const folder = join(service.dataFolder, 'logs');
      const logs = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
      const { provider } = JSON.parse(await readFile(join(service.dataFolder, 'demo-tenant.json'), 'utf8')) as {
        readonly provider: { readonly consoleSecret: string };
      };
      for (const secret of ['eyJ', provider.consoleSecret, ...cookies.map(({ value }) => value)]) {
        expect(logs.join('\n')).not.toContain(secret);
      }
      await who.context.close();
    });
  });
};
