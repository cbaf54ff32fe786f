import { isUuid, toInstanceId } from '@lib/kernel';
import { type Invalidation, type InvalidationBus, type RegionChanges } from '@lib/tenancy';
import { Client } from 'pg';
import { type DataSource } from 'typeorm';

import { clientConfig, type DatabaseConnection } from '../database/connection';
import { PostgresRegionDirectory } from '../tenancy/postgres-region-directory';
import { INVALIDATION_CHANNEL } from './invalidations';

export interface InvalidationBusOptions {
  readonly connection: DatabaseConnection;
  /** Pool for the poll: it works where LISTEN does not (poolers, other engines). */
  readonly dataSource: DataSource;
  readonly log: (message: string, error?: unknown) => void;
  readonly pollMs?: number;
  readonly reconnectMs?: number;
  /** False leaves the poll as the only path. */
  readonly listen?: boolean;
}

const DEFAULT_POLL_MS = 1_500;
const DEFAULT_RECONNECT_MS = 500;
/** A connection whose peer vanished looks alive for a long time; the listener is asked for a sign of life. */
const PROBE_MS = 10_000;

/**
 * Hears of changes by LISTEN/NOTIFY on a connection of its own, and again by polling version numbers: the poll finds
 * what a broken connection swallowed. Notices sent while nobody listened are not repeated by the server, so each new
 * LISTEN begins with "everything".
 */
export class PostgresInvalidationBus implements InvalidationBus {
  private readonly listeners = new Set<(invalidation: Invalidation) => void>();
  private readonly directory: PostgresRegionDirectory;
  private last: RegionChanges | undefined;
  private client: Client | undefined;
  private timers: NodeJS.Timeout[] = [];
  private reconnectTimer: NodeJS.Timeout | undefined;
  private polling: Promise<void> | undefined;
  private connecting: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly options: InvalidationBusOptions) {
    this.directory = new PostgresRegionDirectory(options.dataSource);
  }

  /** Begins to listen and to poll. Does not fail when the database is away: it keeps trying. */
  async start(): Promise<void> {
    if (this.options.listen !== false) {
      this.connecting = this.connect();
      await this.connecting;
      this.timers.push(setInterval(() => void this.probe(), PROBE_MS));
    }
    await this.poll();
    this.timers.push(setInterval(() => void this.poll(), this.options.pollMs ?? DEFAULT_POLL_MS));
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    clearTimeout(this.reconnectTimer);
    await this.connecting;
    await this.client?.end().catch(() => undefined);
    await this.polling;
  }

  subscribe(listener: (invalidation: Invalidation) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** False while notices arrive by the poll only. */
  get listening(): boolean {
    return this.client !== undefined;
  }

  private async connect(): Promise<void> {
    const client = new Client({ ...clientConfig(this.options.connection, 'kmip-invalidation'), query_timeout: 3_000 });
    // `pg` reports a lost connection by `error` (more than once) and `end`, and never connects again by itself.
    client.on('error', () => undefined);
    client.once('end', () => {
      this.lost(client);
    });
    client.on('notification', ({ payload }) => {
      this.hear(payload ?? '');
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${INVALIDATION_CHANNEL}`);
      if (this.closed) {
        await client.end();
        return;
      }
      this.client = client;
      this.emit({ kind: 'everything' });
    } catch (error) {
      this.options.log('cannot listen for changes; polling instead', error);
      void client.end().catch(() => undefined);
      this.reconnectLater();
    }
  }

  private lost(client: Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    if (this.closed) return;
    this.options.log('the connection that listens for changes was lost');
    this.reconnectLater();
  }

  private reconnectLater(): void {
    if (this.closed) return;
    clearTimeout(this.reconnectTimer);
    this.reconnectTimer = setTimeout(() => {
      this.connecting = this.connect();
    }, this.options.reconnectMs ?? DEFAULT_RECONNECT_MS);
  }

  private async probe(): Promise<void> {
    const { client } = this;
    // Ending it leads to `end`, and so to a new connection.
    await client?.query('SELECT 1').catch(() => client.end().catch(() => undefined));
  }

  private hear(payload: string): void {
    if (isUuid(payload)) this.emit({ kind: 'instance', instanceId: toInstanceId(payload) });
  }

  /** One at a time: a slow database must not pile up polls. */
  private poll(): Promise<void> {
    this.polling ??= this.pollOnce().finally(() => {
      this.polling = undefined;
    });
    return this.polling;
  }

  private async pollOnce(): Promise<void> {
    try {
      // The first poll only learns where things stand: nothing has been cached before it.
      const changes = await this.directory.changes(this.last?.next);
      const told = this.last?.instances;
      this.last = changes;
      if (!changes.continuous) this.emit({ kind: 'everything' });
      for (const [instanceId, version] of changes.instances) {
        // The database names a change again while a transaction that began before it is open.
        if (told?.get(instanceId) !== version) this.emit({ kind: 'instance', instanceId });
      }
    } catch (error) {
      if (!this.closed) this.options.log('polling for changes failed', error);
    }
  }

  private emit(invalidation: Invalidation): void {
    for (const listener of this.listeners) listener(invalidation);
  }
}
