import { type InstanceId } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { type InvalidationBus } from '@lib/tenancy';

import { type InstanceNews, InstanceWatch, type InstanceWatchParts } from './instance-watch';

/** Between two looks at an instance that somebody follows; with many of them longer, so that the database has the same work. */
const EVERY_MS = 1_000;
const LOOKS_PER_SECOND = 50;

export type InstanceListener = (news: InstanceNews) => void;

export interface InstanceWatchesParts extends InstanceWatchParts {
  readonly bus: Pick<InvalidationBus, 'subscribe'>;
  readonly logger: Pick<Logger, 'warn'>;
}

interface Watched {
  readonly watch: InstanceWatch;
  readonly listeners: Set<InstanceListener>;
  timer?: NodeJS.Timeout;
  looking: Promise<void> | undefined;
}

/** Instances that somebody follows in this process: each is looked at once, however many do. */
export class InstanceWatches {
  readonly #watched = new Map<InstanceId, Watched>();
  #unsubscribe: (() => void) | undefined;

  constructor(private readonly parts: InstanceWatchesParts) {}

  get size(): number {
    return this.#watched.size;
  }

  start(): void {
    this.#unsubscribe = this.parts.bus.subscribe((invalidation) => {
      if (invalidation.kind === 'instance') this.#soon(invalidation.instanceId);
    });
  }

  stop(): void {
    this.#unsubscribe?.();
    for (const { timer } of this.#watched.values()) clearTimeout(timer);
    this.#watched.clear();
  }

  /** @returns how to follow it no longer. What it is told is without a gap from when this resolves @throws when the database does */
  async follow(instanceId: InstanceId, listener: InstanceListener): Promise<() => void> {
    const watched = this.#watched.get(instanceId) ?? this.#begin(instanceId);
    watched.listeners.add(listener);
    const leave = (): void => this.#leave(instanceId, listener);
    try {
      if (watched.watch.end === undefined) await this.#look(instanceId, watched);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  #begin(instanceId: InstanceId): Watched {
    const watched: Watched = {
      watch: new InstanceWatch(this.parts, instanceId),
      listeners: new Set(),
      looking: undefined,
    };
    this.#watched.set(instanceId, watched);
    this.#schedule(instanceId, watched);
    return watched;
  }

  #leave(instanceId: InstanceId, listener: InstanceListener): void {
    const watched = this.#watched.get(instanceId);
    watched?.listeners.delete(listener);
    if (watched?.listeners.size !== 0) return;
    clearTimeout(watched.timer);
    this.#watched.delete(instanceId);
  }

  /** Another process has just changed it. */
  #soon(instanceId: InstanceId): void {
    const watched = this.#watched.get(instanceId);
    if (watched !== undefined) this.#lookQuietly(instanceId, watched);
  }

  #schedule(instanceId: InstanceId, watched: Watched): void {
    clearTimeout(watched.timer);
    if (this.#watched.get(instanceId) !== watched) return;
    const everyMs = Math.max(EVERY_MS, (this.#watched.size / LOOKS_PER_SECOND) * 1_000);
    watched.timer = setTimeout(() => this.#lookQuietly(instanceId, watched), everyMs).unref();
  }

  /** Whoever follows it hears of it later: the database has it all. */
  #lookQuietly(instanceId: InstanceId, watched: Watched): void {
    this.#look(instanceId, watched).catch((err: unknown) => {
      this.parts.logger.warn({ instanceId, err }, 'what has changed on an instance cannot be looked at');
    });
  }

  /** One look at a time. */
  #look(instanceId: InstanceId, watched: Watched): Promise<void> {
    watched.looking ??= this.#lookOnce(watched).finally(() => {
      watched.looking = undefined;
      this.#schedule(instanceId, watched);
    });
    return watched.looking;
  }

  async #lookOnce({ watch, listeners }: Watched): Promise<void> {
    const news = await watch.look();
    if (news.records.length + news.signs.length === 0) return;
    for (const listener of listeners) listener(news);
  }
}
