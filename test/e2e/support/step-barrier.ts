import { type Client } from 'pg';

import { openDatabase } from './database';
import { type RunningService, until } from './running-service';

const LOCK = 7_919;
/** Before the product's own lock timeout ends the wait. */
const ARRIVES_WITHIN_MS = 30_000;

/** A moment in the life of an operation: its row is about to say that this step is next. */
export interface Moment {
  readonly kind: 'provision' | 'deprovision';
  readonly step: string;
  readonly write: 'INSERT' | 'UPDATE';
}

/**
 * Holds the product, inside the transaction of a chosen step, so that a test can kill it there. It is a trigger in the
 * database of the test: the product knows nothing of it.
 */
export class StepBarrier {
  private constructor(
    private readonly holder: Client,
    private readonly observer: Client,
  ) {}

  static async open(service: RunningService): Promise<StepBarrier> {
    const barrier = new StepBarrier(await openDatabase(service), await openDatabase(service));
    await barrier.aimAt('false');
    await barrier.observer.query(
      `CREATE TRIGGER barrier BEFORE INSERT OR UPDATE ON catalog_operations FOR EACH ROW EXECUTE FUNCTION barrier()`,
    );
    return barrier;
  }

  /** Whoever reaches that moment for the instance waits from now on. */
  async close({ kind, step, write }: Moment, instanceId: string): Promise<void> {
    await this.holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await this.aimAt(
      `TG_OP = '${write}' AND NEW.instance_id = '${instanceId}' AND NEW.kind = '${kind}' AND NEW.step = '${step}'`,
    );
  }

  /** Resolves when somebody waits. */
  async reached(): Promise<void> {
    const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`;
    await until('the step is reached', ARRIVES_WITHIN_MS, async () => {
      const { rowCount } = await this.observer.query(waiting, [LOCK]);
      return rowCount !== null && rowCount > 0;
    });
  }

  /** Lets everybody pass. */
  async lift(): Promise<void> {
    await this.aimAt('false');
    await this.holder.query('SELECT pg_advisory_unlock_all()');
  }

  async end(): Promise<void> {
    await this.holder.end();
    await this.observer.end();
  }

  private async aimAt(condition: string): Promise<void> {
    await this.observer.query(
      `CREATE OR REPLACE FUNCTION barrier() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
        IF ${condition} THEN PERFORM pg_advisory_xact_lock(${LOCK}); END IF; RETURN NEW; END $body$`,
    );
  }
}
