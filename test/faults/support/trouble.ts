import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import { until } from '../../e2e/support/running-service';
import { freeze } from '../../e2e/support/stopped-process';
import { type Region } from './region';
import { type Fault, type LinkTrouble, type Planned, TROUBLE_MS } from './schedule';

/** How what was begun is ended. */
type Mend = () => unknown;

const SLOW_MS = 150;
const CLOUD_WITHIN_MS = 10_000;

/** Brings about what is planned, each at its time, and mends all of it. */
export class Trouble {
  /** Whom we ended ourselves. */
  readonly killed: string[] = [];
  /** What could not be brought about, and why. */
  readonly leftOut: string[] = [];

  constructor(
    private readonly region: Region,
    private readonly schedule: readonly Planned[],
  ) {}

  /** Resolves when all is mended. */
  async run(): Promise<void> {
    const startedAtMs = performance.now();
    const at = (ms: number): Promise<void> => pause(Math.max(0, startedAtMs + ms - performance.now()));
    await Promise.all(
      this.schedule.map(async ({ fromMs, untilMs, fault }) => {
        await at(fromMs);
        const mend = await this.#begin(fault);
        await at(untilMs);
        await mend();
      }),
    );
    await at(TROUBLE_MS);
    // It may have been stopped or started again while it was told.
    await until('the cloud is well', CLOUD_WITHIN_MS, () =>
      this.region.cloud('DELETE', '/faults').then(
        () => true,
        () => false,
      ),
    );
  }

  async #begin(fault: Fault): Promise<Mend> {
    const { region } = this;
    switch (fault.kind) {
      case 'link':
        return this.#spoil(region.link(fault.link), fault.trouble);
      case 'process':
        return await this.#signal(fault);
      case 'clock':
        await region.moveClock(fault.process, fault.wrongByMs);
        return () => region.moveClock(fault.process, 0);
      case 'key manager clock':
        return await this.#ofCloud('POST', '/clock', { advanceSeconds: fault.advanceSeconds });
      case 'full disk':
        return this.#fillDisk();
      case 'cloud': {
        const { service, effect, every } = fault;
        const mend = await this.#ofCloud('POST', '/faults', { match: { service }, effect, every });
        return mend;
      }
    }
  }

  #spoil(link: ReturnType<Region['link']>, trouble: LinkTrouble): Mend {
    const begin: Readonly<Record<LinkTrouble, () => void>> = {
      refuse: () => link.refuse(),
      slow: () => Object.assign(link.delayMs, { there: SLOW_MS, back: SLOW_MS }),
      'black hole': () => link.hold('there', 'back'),
      mute: () => link.hold('back'),
      deaf: () => link.hold('there'),
      orphan: () => link.orphan(),
      hurt: () => link.hurt(),
    };
    begin[trouble]();
    return () => link.mend();
  }

  async #signal({ process: name, signal }: Extract<Fault, { kind: 'process' }>): Promise<Mend> {
    const pid = this.region.pid(name);
    if (!(pid > 0)) {
      this.leftOut.push(`${signal} of ${name}: it is not running`);
      return () => undefined;
    }
    if (signal === 'SIGSTOP') {
      const resume = await freeze(pid);
      return () => {
        try {
          resume();
        } catch {
          // It was the one that another fault ended.
        }
      };
    }
    try {
      process.kill(pid, signal);
      this.killed.push(name);
    } catch {
      this.leftOut.push(`${signal} of ${name}: it is not running`);
    }
    return () => undefined;
  }

  #fillDisk(): Mend {
    if (this.region.disk === undefined) {
      this.leftOut.push('full disk: nothing may be mounted here');
      return () => undefined;
    }
    const filler = this.region.disk.fill();
    return () => rm(filler, { force: true });
  }

  /** It may be away itself: then this trouble is not needed. */
  async #ofCloud(method: string, path: string, body: object): Promise<Mend> {
    try {
      await this.region.cloud(method, path, body);
    } catch (error) {
      this.leftOut.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return () => this.region.cloud('DELETE', '/faults').catch(() => undefined);
  }
}
