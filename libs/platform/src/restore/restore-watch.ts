import { type InstanceId } from '@lib/kernel';
import { type Logger, type Metrics } from '@lib/observability';
import {
  DatabaseUnavailable,
  type AuditedCommit,
  type PostgresRegionProgress,
  type RegionProgress,
  type SettledWithdrawal,
} from '@lib/persistence';

import { accessWordsIn, familyOf } from './access-effects';
import {
  type RecordedProgress,
  type RecordedWithdrawal,
  type Withdrawal,
  type WithdrawalRecord,
} from './withdrawal-record';

/** How often a process counts on, and looks whether the database is behind. */
const EVERY_MS = 60_000;
/** What was recorded since so many counts, of all processes, is held against the audit chain. */
const RECENT_COUNTS = 20;
/** Lines that wait for a folder that cannot be written. Beyond that only their number is known. */
const MAXIMUM_WAITING = 10_000;

/**
 * `absent`: the key is not in the catalog yet; it is tried again, as a rebuild may bring it back. `waits_for_api`: this
 * process may not, and a management API will.
 */
export type ReplayOutcome = 'withdrawn_again' | 'in_force' | 'left' | 'absent' | 'waits_for_api';

export interface RestoreWatchParts {
  readonly progress: PostgresRegionProgress;
  readonly record: WithdrawalRecord;
  readonly replay: (withdrawal: Withdrawal) => Promise<ReplayOutcome>;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
}

/** What an operator has to know of a restore. */
export interface RestoreState {
  readonly restoredAt: Date;
  /**
   * `counter`: the record beside the service keys is ahead of the database. `cluster`: the database is in another one.
   * `withdrawal`: the audit chain lacks one that was recorded since the last count.
   */
  readonly sign: string;
  readonly released: readonly InstanceId[];
  readonly withdrawals: readonly SettledWithdrawal[];
}

interface Held {
  readonly since: Date;
  readonly sign: string;
  readonly released: ReadonlySet<InstanceId>;
}

/**
 * Notices that the database is from a backup (docs/adr/0061), withdraws again what the backup gave back, and holds what
 * cannot be taken back until the operator releases it.
 */
export class RestoreWatch {
  #held: Held | undefined;
  #waiting: Withdrawal[] = [];
  #unwritten = 0;
  #waitingForApi = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #isHeardAgain = false;
  #hearing: Promise<void> | undefined;

  constructor(private readonly parts: RestoreWatchParts) {}

  /** Looks once before anything is served. @throws when the database fails */
  async start(): Promise<void> {
    await this.round();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#hearing;
  }

  /** Destructions that were ordered wait: the order may have been withdrawn after the backup. */
  destructionsWait(instanceId: InstanceId): boolean {
    return this.#held !== undefined && !this.#held.released.has(instanceId);
  }

  /** When the restore was noticed that still holds this instance. */
  heldSince(instanceId: InstanceId): Date | undefined {
    return this.destructionsWait(instanceId) ? this.#held?.since : undefined;
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Withdrawals that are committed and not in the record yet: a restore would undo them unseen. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** Called with every commit, before its caller is answered. Never rejects: what is committed stays. */
  async observe(commit: AuditedCommit): Promise<void> {
    const withdrawals = withdrawalsIn(commit);
    if (withdrawals.length === 0) return;
    this.#unwritten += withdrawals.length;
    this.#waiting = [...this.#waiting, ...withdrawals].slice(-MAXIMUM_WAITING);
    await this.#flush();
  }

  async state(): Promise<RestoreState | undefined> {
    await this.#refresh();
    const held = this.#held;
    if (held === undefined) return undefined;
    const withdrawals = await this.parts.progress.settled();
    return { restoredAt: held.since, sign: held.sign, released: [...held.released], withdrawals };
  }

  /** Something has changed in the region, which may be that it is released. Never rejects: the next round looks too. */
  heard(): void {
    if (this.#held === undefined || this.#stopped) return;
    this.#isHeardAgain = true;
    this.#hearing ??= this.#lookAgain().finally(() => (this.#hearing = undefined));
  }

  /** Ends the hold of the region or of one instance; other processes follow with the next change that they hear of. */
  async release(instanceId?: InstanceId): Promise<void> {
    await this.parts.progress.release(instanceId);
    await this.#refresh();
  }

  /** @throws when the database fails */
  async round(): Promise<void> {
    const { progress, record, logger } = this.parts;
    // The record first: what is read of the database afterwards can only be further.
    const recorded = await this.#recorded();
    const sign = await this.#signOf(recorded, await progress.read());
    // Beyond what is recent: what was lost is a sign once.
    if (sign !== undefined && (await progress.hold(recorded.counter + RECENT_COUNTS + 1, sign))) {
      logger.error({ sign }, 'the database was restored from a backup: destructions wait until they are released');
    }
    await this.#refresh();
    if (this.#held !== undefined) await this.#replay(recorded.withdrawals);
    await this.#flush();
    const counter = await progress.advance();
    await this.#write(async () => {
      await record.append([{ counter }]);
      await record.prune();
    });
  }

  async #signOf(recorded: RecordedProgress, progress: RegionProgress): Promise<Sign | undefined> {
    const sign = signOf(recorded, progress);
    if (sign !== undefined) return sign;
    for (const { instanceId, seq, hash } of lastOfEach(recorded.withdrawals, progress.counter - RECENT_COUNTS)) {
      if (!(await this.#isInChain(instanceId, seq, hash))) return 'withdrawal';
    }
    return undefined;
  }

  /** What cannot be seen yet is no sign: a commit that hangs, of one tenant, is to keep no process from its start. */
  async #isInChain(instanceId: InstanceId, seq: string, hash: string): Promise<boolean> {
    try {
      return await this.parts.progress.hasCommitted(instanceId, seq, hash);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      this.parts.logger.warn({ err: error, instanceId }, 'an audit chain cannot be read: it is looked at again');
      return true;
    }
  }

  /** A record that cannot be read says nothing, which is no reason to serve nobody. */
  async #recorded(): Promise<RecordedProgress> {
    try {
      return await this.parts.record.read();
    } catch (error) {
      this.parts.logger.error({ err: error }, 'the record beside the service keys cannot be read');
      return { counter: 0, withdrawals: [] };
    }
  }

  async #lookAgain(): Promise<void> {
    while (this.#isHeardAgain) {
      this.#isHeardAgain = false;
      await this.#refresh().catch((err: unknown) => {
        this.parts.logger.warn({ err }, 'whether the restore is released is unknown');
      });
    }
  }

  async #refresh(): Promise<void> {
    const { progress } = this.parts;
    const { restoredAt, sign = '' } = await progress.read();
    this.#held =
      restoredAt === undefined ? undefined : { since: restoredAt, sign, released: new Set(await progress.released()) };
  }

  async #replay(withdrawals: readonly Withdrawal[]): Promise<void> {
    const { progress, replay, logger } = this.parts;
    const settled = new Set((await progress.settled()).map(settledKey));
    let waiting = 0;
    for (const withdrawal of lastWords(withdrawals)) {
      const { instanceId, kind, subject, seq, hash } = withdrawal;
      // One commit may take away several things.
      const mark = `${seq}:${hash}:${kind}:${subject}`;
      if (!this.destructionsWait(instanceId) || settled.has(settledKey({ ...withdrawal, mark }))) continue;
      try {
        if (await progress.hasCommitted(instanceId, seq, hash)) continue;
        const outcome = await replay(withdrawal);
        if (outcome === 'waits_for_api') waiting += 1;
        if (outcome === 'absent' || outcome === 'waits_for_api') continue;
        await progress.noteSettled({ instanceId, mark, kind, subject, outcome });
        logger.warn({ instanceId, kind, subject, outcome }, 'the restored database lacked a withdrawal');
      } catch (error) {
        logger.error({ err: error, instanceId, kind, subject }, 'a withdrawal is not in force again yet');
      }
    }
    this.#waitForApi(waiting);
  }

  /** Said when it changes: without a management API they stay undone. */
  #waitForApi(waiting: number): void {
    if (waiting > 0 && waiting !== this.#waitingForApi) {
      this.parts.logger.warn({ waiting }, 'withdrawals wait for a management API, which puts them in force again');
    }
    this.#waitingForApi = waiting;
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting.splice(0);
    if (lines.length === 0) return;
    if (await this.#write(() => this.parts.record.append(lines))) this.#unwritten -= lines.length;
    else this.#waiting = [...lines, ...this.#waiting].slice(-MAXIMUM_WAITING);
  }

  async #write(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const message = 'the record beside the service keys cannot be written: a restore may go unnoticed';
      this.parts.logger.error({ err: error }, message);
      return false;
    }
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.round()
        .catch((error: unknown) =>
          this.parts.logger.warn({ err: error }, 'whether the database was restored is unknown'),
        )
        .then(() => this.#schedule());
    }, EVERY_MS);
    this.#timer.unref();
  }
}

/** A release before marked the commit alone. */
function settledKey({ instanceId, mark, kind, subject }: Omit<SettledWithdrawal, 'outcome'>): string {
  const [seq, hash] = mark.split(':');
  return [instanceId, seq, hash, kind, subject].join('/');
}

/** The two gauges of every process that watches. */
export function describeRestore(metrics: Metrics, watch: RestoreWatch): void {
  const held = 'Whether the database is restored and not released.';
  metrics.polledGauge('kmip_restore_held', held, () => (watch.isHeld ? 1 : 0), 'most');
  const unwritten = 'Committed withdrawals that the record lacks.';
  metrics.polledGauge('kmip_withdrawals_unwritten', unwritten, () => watch.unwritten, 'most');
}

/** The last one of each instance since `counter`: the chain that has it has those before. */
function lastOfEach(withdrawals: readonly RecordedWithdrawal[], counter: number): readonly RecordedWithdrawal[] {
  const last = new Map<InstanceId, RecordedWithdrawal>();
  for (const each of withdrawals) {
    const known = last.get(each.instanceId);
    if (each.after >= counter && (known === undefined || BigInt(known.seq) < BigInt(each.seq)))
      last.set(each.instanceId, each);
  }
  return [...last.values()];
}

type Sign = 'counter' | 'cluster' | 'withdrawal';

function signOf({ counter }: RecordedProgress, progress: RegionProgress): Sign | undefined {
  if (counter > progress.counter) return 'counter';
  const { writtenIn, systemIdentifier } = progress;
  const known = writtenIn !== undefined && systemIdentifier !== undefined;
  return known && writtenIn !== systemIdentifier ? 'cluster' : undefined;
}

/** Of several about one thing the last one counts; in the order in which those were said. */
function lastWords(withdrawals: readonly Withdrawal[]): readonly Withdrawal[] {
  const last = new Map<string, Withdrawal>();
  for (const each of withdrawals) {
    const key = subjectKey(each);
    last.delete(key);
    last.set(key, each);
  }
  return [...last.values()];
}

/** A certificate has one latest proof in the region; everything else is of one instance. */
function subjectKey({ instanceId, kind, subject }: Withdrawal): string {
  const family = familyOf(kind);
  return family === 'proof' ? `${family}/${subject}` : `${instanceId}/${family}/${subject}`;
}

function withdrawalsIn({ instanceId, seq, hash, events }: AuditedCommit): readonly Withdrawal[] {
  return events.flatMap((event) => accessWordsIn(event).map((word) => ({ instanceId, seq, hash, ...word })));
}
