import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Arena, type Inhabitant } from './arena';
import { FreshCopy } from './fresh-copy';
import { FilledCatalog } from './filled-catalog';
import { measureConnects, measureHeld, type Request, REQUESTS } from './measure';
import { startPykmip } from './pykmip-server';
import { Region } from './region';
import { ScaledRegion } from './scaled-region';
import { type Target } from './target';
import { TestedRegion } from './tested-region';

/** What is added to each answer; between zones of a region, and to the key manager. */
export const DISTANCE = { databaseMs: 2, keyManagerMs: 20 };
const HEAT_CONNECTIONS = 16;
const HEAT_CLIENTS = 8;

/** What the lines measure and compare with. Each is started when it is asked for first, and ended with all others. */
export class Peers {
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #scaled = new Map<number, Promise<ScaledRegion>>();

  /** @param seconds of load for one figure */
  constructor(readonly seconds: number) {}

  /** The product and the bare servers, as one tenant reaches them. */
  readonly site = lazily(async (): Promise<Inhabitant> => {
    const arena = await this.#keep(Arena.open());
    const site = await arena.inhabitant('bench');
    // The compiler of a server that has just started takes more CPU time than its work.
    await this.#heat(site.targets.ours, [REQUESTS.get, REQUESTS.create]);
    await this.#heat(site.targets.bare, [() => site.get]);
    return site;
  });

  readonly pykmip = lazily(async (): Promise<Target> => {
    const folder = await mkdtemp(join(tmpdir(), 'pykmip-'));
    this.#closers.push(() => rm(folder, { recursive: true, force: true }));
    const { stop, ...target } = await startPykmip(folder);
    this.#closers.push(stop);
    return target;
  });

  readonly distantRegion = lazily(async () => {
    const region = await this.#keep(Region.open({ inspected: false }));
    await region.slowDown(DISTANCE);
    return region;
  });

  /** With the inspectors of its processes open, so nothing that is compared is measured at it. */
  readonly inspectedRegion = lazily(async () => {
    const region = await this.#keep(Region.open({ inspected: true }));
    await this.#heat(region.target, [REQUESTS.get, REQUESTS.create]);
    return region;
  });

  readonly catalog = lazily(() => this.#keep(FilledCatalog.open()));

  /** With so many silent tenants; each number once. */
  scaledRegion(tenants: number): Promise<ScaledRegion> {
    const known = this.#scaled.get(tenants) ?? this.#keep(ScaledRegion.open(tenants));
    this.#scaled.set(tenants, known);
    return known;
  }

  readonly testedRegion = lazily(() => this.#keep(TestedRegion.open()));

  readonly freshCopy = lazily(() => this.#keep(FreshCopy.make()));

  /** Once, whoever asks for it: at the end and at Ctrl-C, each waits until everything has ended. */
  readonly close = lazily(async (): Promise<void> => {
    for (const close of this.#closers.toReversed()) await close();
  });

  async #keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    // At once: who interrupts us while something starts wants that ended, too.
    this.#closers.push(() =>
      opening.then(
        (opened) => opened.close(),
        () => undefined,
      ),
    );
    return await opening;
  }

  async #heat(target: Target, requests: readonly Request[]): Promise<void> {
    for (const request of requests) {
      await measureHeld(target, HEAT_CONNECTIONS, this.seconds, request);
      await measureConnects(target, HEAT_CLIENTS, this.seconds, request);
    }
  }
}

function lazily<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => (started ??= start());
}
