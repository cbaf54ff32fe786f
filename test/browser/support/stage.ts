import { type Browser } from 'playwright-core';

import { RunningService } from '../../e2e/support/running-service';
import { openBrowser } from './browser';

/** A running product and a browser, which several suites use one after the other: to start both costs more than many of them. */
export interface Stage {
  readonly service: RunningService;
  readonly browser: Browser;
}

/** What a suite asks in its hooks and tests, by when all is there. */
export type OnStage = () => Stage;

export type Suite = (stage: OnStage) => void;

/** Suites in the order in which they bear each other: who leaves least behind comes first. */
export function onOneStage(environment: Readonly<Record<string, string>>, suites: readonly Suite[]): void {
  describe('in a browser on the running product', () => {
    let stage: Stage | undefined;

    beforeAll(async () => {
      const [service, browser] = await Promise.all([RunningService.start({ environment }), openBrowser()]);
      stage = { service, browser };
    });
    afterAll(async () => {
      await stage?.browser.close();
      await stage?.service.remove();
    });

    for (const suite of suites) {
      suite(() => {
        if (stage === undefined) throw new Error('asked before it was there');
        return stage;
      });
    }
  });
}
