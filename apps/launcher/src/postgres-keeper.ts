import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from '@lib/embedded-postgres';

const LOOK_EVERY_MS = 250;

/** The embedded database, started again when it dies: its log recovers what was committed. */
export class PostgresKeeper {
  #timer: NodeJS.Timeout | undefined;
  #restarting: Promise<void> = Promise.resolve();
  #stopping = false;

  private constructor(
    private readonly options: EmbeddedPostgresOptions,
    private readonly restarted: () => void,
    private server: EmbeddedPostgres,
  ) {
    this.#watch();
  }

  /**
   * @param restarted called when the server runs again, under a new pid
   * @throws EmbeddedPostgresError
   */
  static async start(options: EmbeddedPostgresOptions, restarted: () => void): Promise<PostgresKeeper> {
    return new PostgresKeeper(options, restarted, await startEmbeddedPostgres(options));
  }

  get pid(): number {
    return this.server.pid;
  }

  /** The same for as long as the data folder. */
  get connection(): EmbeddedPostgres['connection'] {
    return this.server.connection;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#restarting;
    await this.server.stop();
  }

  /** By looking, not by an exit event: a server that was adopted is no child of ours. */
  #watch(): void {
    if (this.#stopping) return;
    this.#timer = setTimeout(() => {
      this.#restarting = this.#restartIfDead().finally(() => this.#watch());
    }, LOOK_EVERY_MS);
  }

  async #restartIfDead(): Promise<void> {
    if (isAlive(this.server.pid)) return;
    this.options.log('postgres ended; starting it again');
    try {
      this.server = await startEmbeddedPostgres(this.options);
      this.restarted();
    } catch (error) {
      // Sessions of the dead server hold its memory for a moment longer; the next look tries again.
      this.options.log(`postgres could not be started: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
