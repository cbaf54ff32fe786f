import { setTimeout as delay } from 'node:timers/promises';

import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type ClientBase, type QueryConfig, type QueryResult } from 'pg';
import { type DataSource, type EntityManager } from 'typeorm';

import { toAppend } from '../audit/appended';
import { type Checkout, checkOut } from './checkout';
import { showCommit } from './commit-observers';
import { DEFAULT_STATEMENT_MS, LIMITS, STATEMENT_MS } from './connection';
import { type Lane, sharesOf } from './database-shares';
import { ClientsRefused, CommitOutcomeUnknown, DatabaseUnavailable, sqlState } from './persistence.error';
import { executeSql, prepare, type PreparedCall, uuidLiteral } from './prepared';

const MAX_ATTEMPTS = 6;
/** serialization_failure, deadlock_detected: nothing happened, and the same work will likely succeed. */
const RETRYABLE = new Set(['40001', '40P01']);
/** Otherwise the failure was our own, or the database has said no. */
const MAY_DO_BETTER: ReadonlySet<Session['fate']> = new Set(['lost', 'commit unknown'] as const);
/** lock_not_available, query_canceled (statement timeout) and the classes "connection" and "operator intervention". */
const OUTAGE = /^(55P03|57|08|53)/;
const CONNECTION_ENDED = /^(08|57P0)/;
const COMMIT_LOST = 'the database went away while a change was being committed';

/** One open transaction of one tenant. Valid only inside the body it is given to. */
export interface Transaction {
  readonly instanceId: InstanceId;
  readonly client: ClientBase;
  readonly manager: EntityManager;
  /**
   * Extends the instance's audit chain and keeps its head locked until the end: call it last, and once.
   * @param clients ids of the certificates in whose name this is done; all must be served at this moment
   * @throws ClientsRefused
   */
  appendAudit(events: readonly AuditEvent[], clients?: readonly string[]): Promise<void>;
}

interface ChainMark {
  readonly seq: string;
  readonly hash: Buffer;
}

/**
 * Opens transactions that see one tenant only. The tenant is set with SET LOCAL, so it ends with the transaction: a
 * pooled connection never carries it to the next user.
 */
export class TenantTransactions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly lane: Lane = 'serving',
  ) {}

  /** The same, for work of another kind: see {@link DatabaseShares}. */
  for(lane: Lane): TenantTransactions {
    return new TenantTransactions(this.dataSource, lane);
  }

  /**
   * Runs `body` in a transaction and repeats it after deadlocks, serialization failures and lost connections, so its
   * only effects must be in the database. `first` travel with the BEGIN, in one round trip; the body is given their
   * results.
   * @throws DatabaseUnavailable, DatabaseShareUsed, CommitOutcomeUnknown, or what `body` threw
   */
  async run<T>(
    instanceId: InstanceId,
    body: (transaction: Transaction, first: QueryResult[]) => Promise<T>,
    first: readonly PreparedCall[] = [],
  ): Promise<T> {
    return this.repeat(instanceId, (session) => session.transact(body, first));
  }

  /** Runs `body` in a transaction that can only read: whatever becomes of its end, nothing is unknown. */
  async look<T>(instanceId: InstanceId, body: (transaction: Pick<Transaction, 'client'>) => Promise<T>): Promise<T> {
    return this.repeat(instanceId, (session) => session.look(body));
  }

  /** A reading statement in a transaction of its own, in one round trip. */
  async read(instanceId: InstanceId, call: PreparedCall): Promise<QueryResult> {
    return this.repeat(instanceId, (session) => session.read(call));
  }

  /**
   * One statement that sets its scope itself and is committed with its answer: one round trip. It gives the end of the
   * audit chain, if it has written there, as `last_seq` and `last_hash`.
   * @param statement made anew for each attempt; `again`: one before may have been committed, unknown to us
   * @param recorded what it has recorded, by its answer
   */
  async statement<Row extends Partial<ChainMarkRow>>(
    instanceId: InstanceId,
    statement: (again: boolean) => QueryConfig,
    recorded: (row: Row) => readonly AuditEvent[],
  ): Promise<Row> {
    let again = false;
    return this.repeat(instanceId, async (session) => {
      try {
        return await session.statement(statement(again), recorded);
      } finally {
        again ||= session.fate === 'lost';
      }
    });
  }

  /**
   * Waits until the synchronous standby has all that this server has of the instance. What is found here may have been
   * committed here alone, by a connection that ended while it waited for the standby; and a transaction that writes
   * nothing waits for nobody. Holding a row is a write.
   */
  async replicated(instanceId: InstanceId): Promise<void> {
    await this.run(instanceId, ({ client }) => client.query(`SELECT hold_audit_chain($1, '{}')`, [instanceId]));
  }

  private async repeat<T>(instanceId: InstanceId, work: (session: Session) => Promise<T>): Promise<T> {
    const deadline = performance.now() + LIMITS.transactionMs;
    for (let attempt = 1; ; attempt += 1) {
      const session = new Session(this.dataSource, instanceId, deadline, this.lane);
      // For each attempt anew: who waits to try again keeps nobody waiting.
      const leave = await sharesOf(this.dataSource).enter(instanceId, this.lane, deadline);
      try {
        const result = await work(session);
        await this.show(session);
        return result;
      } catch (error) {
        await session.close();
        if (session.fate === 'commit unknown' && (await this.wasCommitted(session, deadline))) {
          await this.show(session);
          return session.result as T;
        }
        const again = MAY_DO_BETTER.has(session.fate) || RETRYABLE.has(sqlState(error) ?? '');
        if (!again || attempt === MAX_ATTEMPTS || performance.now() > deadline) throw session.explain(error);
      } finally {
        await session.close();
        leave(session.fate !== 'lost');
      }
      await delay(Math.random() * 20 * 2 ** attempt);
    }
  }

  private async show({ instanceId, mark, recorded: events }: Session): Promise<void> {
    if (mark === undefined || events.length === 0) return;
    await showCommit(this.dataSource, { instanceId, seq: mark.seq, hash: mark.hash.toString('hex'), events });
  }

  /**
   * Finds out whether a transaction whose COMMIT got no answer took effect. Every change writes audit records, and a
   * record's hash is unique: when it is in the chain, the transaction is. The database waits for a server process that
   * is still committing. Bodies without audit records are idempotent by themselves (intents): repeating
   * them settles the matter.
   */
  private async wasCommitted({ instanceId, mark }: Session, deadline: number): Promise<boolean> {
    while (mark !== undefined) {
      const session = new Session(this.dataSource, instanceId, deadline, this.lane);
      try {
        return await session.transact(({ client }) => hasMark(client, instanceId, mark));
      } catch (cause) {
        if (performance.now() > deadline - 100) throw new CommitOutcomeUnknown(COMMIT_LOST, { cause });
        await delay(100);
      } finally {
        await session.close();
      }
    }
    return false;
  }
}

async function hasMark(client: ClientBase, instanceId: InstanceId, { seq, hash }: ChainMark): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('SELECT audit_holds($1, $2, $3) AS held', [
    instanceId,
    seq,
    hash,
  ]);
  return rows[0]?.held === true;
}

/** One connection for one attempt. */
class Session {
  /** `lost`: the connection could not be had or broke before COMMIT was sent; the server rolls back. */
  fate: 'open' | 'rolled back' | 'lost' | 'commit unknown' | 'committed' = 'open';
  mark: ChainMark | undefined;
  recorded: readonly AuditEvent[] = [];
  result: unknown;
  private checkout: Checkout | undefined;

  constructor(
    private readonly dataSource: DataSource,
    readonly instanceId: InstanceId,
    private readonly deadline: number,
    private readonly lane: Lane,
  ) {}

  async transact<T>(
    body: (transaction: Transaction, first: QueryResult[]) => Promise<T>,
    first: readonly PreparedCall[] = [],
  ): Promise<T> {
    const { client, queryRunner } = await this.connect();
    try {
      await prepare(client, first);
      const opened = await this.open(client, 'BEGIN', first.map(executeSql));
      const result = await body(this.transaction(client, queryRunner.manager), opened);
      this.result = result;
      this.fate = 'commit unknown';
      const { command } = await client.query('COMMIT');
      // A body that swallowed an error of the database leaves a failed transaction, whose COMMIT is a rollback.
      if (command !== 'COMMIT') throw rolledBackInstead();
      this.fate = 'committed';
      return result;
    } catch (error) {
      await this.abort(client, error);
      throw error;
    }
  }

  /** Without an answer it counts as lost: what may have been committed is for the next attempt to find. */
  async statement<Row extends Partial<ChainMarkRow>>(
    query: QueryConfig,
    recorded: (row: Row) => readonly AuditEvent[],
  ): Promise<Row> {
    const { client } = await this.connect();
    try {
      const { rows } = await client.query<Row>(query);
      const [row] = rows;
      if (row === undefined) throw new Error('a statement gave no result');
      this.recordedAs(row, recorded(row));
      this.fate = 'committed';
      return row;
    } catch (error) {
      this.fate = isAnswer(error) ? 'rolled back' : 'lost';
      throw error;
    }
  }

  /** In one message, whatever is said in it. @returns the results of `statements` */
  private async open(
    client: ClientBase,
    begin: 'BEGIN' | 'BEGIN READ ONLY',
    statements: readonly string[] = [],
  ): Promise<QueryResult[]> {
    const opening = [begin, scopeTo(this.instanceId), ...timeLimitOf(this.lane)];
    return (await queryAll(client, [...opening, ...statements])).slice(opening.length);
  }

  private recordedAs(row: Partial<ChainMarkRow> | undefined, events: readonly AuditEvent[]): void {
    if (!row?.last_seq || !row.last_hash) return;
    this.mark = { seq: row.last_seq, hash: row.last_hash };
    this.recorded = events;
  }

  async look<T>(body: (transaction: Pick<Transaction, 'client'>) => Promise<T>): Promise<T> {
    const { client } = await this.connect();
    try {
      await this.open(client, 'BEGIN READ ONLY');
      const result = await body({ client });
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await this.abort(client, error);
      throw error;
    }
  }

  async read(call: PreparedCall): Promise<QueryResult> {
    const { client } = await this.connect();
    try {
      await prepare(client, [call]);
      const [result] = await this.open(client, 'BEGIN READ ONLY', [executeSql(call), 'COMMIT']);
      if (result === undefined) throw new Error('a statement gave no result');
      return result;
    } catch (error) {
      await this.abort(client, error);
      throw error;
    }
  }

  /** The error the caller gets when no further attempt is made. */
  explain(error: unknown): unknown {
    if (this.fate === 'commit unknown') return new CommitOutcomeUnknown(COMMIT_LOST, { cause: error });
    if (error instanceof DatabaseUnavailable) return error;
    if (this.fate === 'lost' || OUTAGE.test(sqlState(error) ?? '')) {
      return new DatabaseUnavailable('the database did not answer in time', { cause: error });
    }
    return ClientsRefused.from(error) ?? error;
  }

  async close(): Promise<void> {
    const { checkout } = this;
    this.checkout = undefined;
    await checkout?.giveBack();
  }

  private async connect(): Promise<Checkout> {
    try {
      this.checkout = await checkOut(this.dataSource, this.deadline);
      return this.checkout;
    } catch (cause) {
      this.fate = 'lost';
      throw cause;
    }
  }

  private async abort(client: ClientBase, error: unknown): Promise<void> {
    if (this.fate === 'commit unknown') {
      if (isAnswer(error)) this.fate = 'rolled back';
      return;
    }
    // A body that threw for reasons of its own leaves a good connection; a broken one cannot roll back.
    this.fate = await client.query('ROLLBACK').then(
      () => 'rolled back' as const,
      () => 'lost' as const,
    );
  }

  private transaction(client: ClientBase, manager: EntityManager): Transaction {
    return {
      instanceId: this.instanceId,
      client,
      manager,
      appendAudit: async (events, clients = []) => {
        const { rows } = await client.query<ChainMarkRow>(auditQuery(this.instanceId, events, clients));
        this.recordedAs(rows[0], events);
      },
    };
  }
}

export interface ChainMarkRow {
  readonly last_seq: string;
  readonly last_hash: Buffer;
}

/** An error with an SQLSTATE came from a living server, which has then certainly not committed. */
function isAnswer(error: unknown): boolean {
  const code = sqlState(error);
  return code !== undefined && !CONNECTION_ENDED.test(code);
}

function auditQuery(instanceId: InstanceId, events: readonly AuditEvent[], clients: readonly string[]): QueryConfig {
  const { texts, packed } = toAppend(instanceId, events);
  if (clients.length === 0) {
    const text = 'SELECT last_seq, last_hash FROM append_audit($1, $2, $3)';
    return { name: 'append_audit', text, values: [instanceId, texts, packed] };
  }
  const text = 'SELECT last_seq, last_hash FROM append_audit_for($1, $2, $3, $4)';
  return { name: 'append_audit_for', text, values: [instanceId, texts, clients, packed] };
}

/** With the SQLSTATE of in_failed_sql_transaction, so that it is known to have had no effect. */
function rolledBackInstead(): Error {
  return Object.assign(new Error('the transaction had failed before it was to be committed'), { code: '25P02' });
}

/** Several statements in one message give an array of results; the types of `pg` know of one. */
async function queryAll(client: ClientBase, statements: readonly string[]): Promise<QueryResult[]> {
  return (await client.query(statements.join('; '))) as unknown as QueryResult[];
}

function timeLimitOf(lane: Lane): readonly string[] {
  const limit = STATEMENT_MS[lane];
  return limit === DEFAULT_STATEMENT_MS ? [] : [`SET LOCAL statement_timeout = ${String(limit)}`];
}

function scopeTo(instanceId: InstanceId): string {
  return `SET LOCAL app.instance_id = ${uuidLiteral(instanceId)}`;
}
