import axe from 'axe-core';
import { type Browser, type BrowserContext, type ConsoleMessage, type Page, type Response } from 'playwright-core';

import { openDatabase } from '../../e2e/support/database';
import { type RunningService } from '../../e2e/support/running-service';

/** As if nobody had done anything for a while. The browser keeps a cookie that may be good for nothing then. */
export async function ageSessions(service: RunningService, seconds: number): Promise<void> {
  const database = await openDatabase(service);
  await database.query(`UPDATE console_sessions SET used_at = used_at - make_interval(secs => $1)`, [seconds]);
  await database.end();
}

export interface VisitOptions {
  /** Of the demo, as the sign-in of the stand-in cloud names it. */
  readonly user?: string;
  readonly language?: 'en-US' | 'zh-CN';
  readonly theme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
  /** The demo's, unless another one is named. */
  readonly instance?: string;
}

/** What is drawn while something is on its way. */
const ON_ITS_WAY = '.k-waiting, .cds--skeleton__text, .cds--loading, .cds--inline-loading, .k-paged[aria-busy="true"]';
/** Marks the heading of a page that is left, which stands until the next one is there. */
const LEFT = 'data-left';
/** What Chromium says of an answer that is no success; `complaints` has it with method and address. */
const OF_AN_ANSWER = 'Failed to load resource';

/** Somebody who is signed in to the console with a browser of his own, and what that browser complains of. */
export class ConsoleVisit {
  readonly #complaints: string[] = [];
  #expected: readonly RegExp[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly url: string,
    readonly instance: string,
  ) {
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    // Of the policy of the page, too: Chromium reports there what it has refused.
    page.on('console', (message) => this.#hear(message));
    page.on('response', (response) => this.#look(response));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // Whoever leaves a page leaves its requests.
      if (why !== 'net::ERR_ABORTED') this.#complaints.push(`${why} ${request.method()} ${request.url()}`);
    });
  }

  /** Signs in by the page of the stand-in cloud, and opens a page of the instance. */
  static async begin(
    browser: Browser,
    service: RunningService,
    options: VisitOptions = {},
    page = 'overview',
  ): Promise<ConsoleVisit> {
    const context = await browser.newContext({
      locale: options.language ?? 'en-US',
      colorScheme: options.theme ?? 'light',
      viewport: options.viewport ?? { width: 1280, height: 900 },
      timezoneId: 'UTC',
      // Nothing is waited for that only moves.
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const { console, instance } = service.connection;
    const visit = new ConsoleVisit(context, await context.newPage(), console.url, options.instance ?? instance.id);
    const target = `/console/instances/${visit.instance}/${page}`;
    await visit.page.goto(`${console.url}login?target=${encodeURIComponent(target)}`);
    await visit.page.getByRole('button', { name: options.user ?? 'Demo Manager', exact: true }).click();
    await visit.page.waitForURL((address) => address.pathname.startsWith('/console/'));
    await visit.ready();
    return visit;
  }

  /** A page of the instance by its address: `keys`, `certificates/:id/renew`. */
  async open(path: string): Promise<void> {
    await this.page.goto(`${this.url}instances/${this.instance}/${path}`);
    await this.ready();
  }

  /** The same as a link within the console does it: it is not loaded anew. */
  async turnTo(path: string): Promise<void> {
    const address = `${this.url}instances/${this.instance}/${path}`;
    if (address === this.page.url()) return;
    await this.page.evaluate(`
      document.querySelector('main h1')?.setAttribute('${LEFT}', '');
      history.pushState(null, '', ${JSON.stringify(address)});
      dispatchEvent(new PopStateEvent('popstate'));
    `);
    await this.page.locator(`[${LEFT}]`).waitFor({ state: 'detached' });
    await this.ready();
  }

  /** Until there is a heading, and nothing is on its way any more. */
  async ready(): Promise<void> {
    await this.page.locator('main h1, main .k-problem, main .k-empty').first().waitFor();
    await this.page.locator(ON_ITS_WAY).first().waitFor({ state: 'detached' });
  }

  /** Until the page follows what happens by itself. */
  async live(): Promise<void> {
    await this.page.locator('.k-live--live').waitFor();
  }

  /** Refusals that belong to what is tested, such as `/^404 GET .*\/root_key$/` before one is bound. */
  expect(...refusals: readonly RegExp[]): void {
    this.#expected = [...this.#expected, ...refusals];
  }

  /** What was wrong since the last time that it was asked: scripts that died, what the policy refused, failed requests. */
  complaints(): readonly string[] {
    const all = this.#complaints.splice(0);
    return all.filter((complaint) => !this.#expected.some((refusal) => refusal.test(complaint)));
  }

  /** What axe finds on the page as it is now, one line each: rule, and where. */
  async violations(): Promise<readonly string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate<axe.AxeResults>(
      `axe.run(document, { resultTypes: ['violations'] })`,
    );
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html }) => `${id}: ${String(target)} ${html}`));
  }

  /** How much wider the page is than the window: 0 where nobody has to scroll sideways. */
  async overflow(): Promise<number> {
    const root = 'document.documentElement';
    return await this.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
  }

  async end(): Promise<void> {
    await this.context.close();
  }

  #hear(message: ConsoleMessage): void {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith(OF_AN_ANSWER)) this.#complaints.push(text);
  }

  #look(response: Response): void {
    if (response.status() < 400) return;
    this.#complaints.push(`${response.status()} ${response.request().method()} ${new URL(response.url()).pathname}`);
  }
}
