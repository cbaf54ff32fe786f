import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

/** Audit events that were committed together, and the last one's place in its chain. */
export interface AuditedCommit {
  readonly instanceId: InstanceId;
  readonly seq: string;
  /** Hex. */
  readonly hash: string;
  readonly events: readonly AuditEvent[];
}

/** Runs after the commit and before its caller goes on. Must not throw: what is committed stays. */
export type CommitObserver = (commit: AuditedCommit) => Promise<void>;

const observers = new WeakMap<DataSource, CommitObserver>();

/** Whatever is committed through this pool, by whichever repository, is shown to the observer. */
export function observeCommits(dataSource: DataSource, observer: CommitObserver): void {
  observers.set(dataSource, observer);
}

export async function showCommit(dataSource: DataSource, commit: AuditedCommit): Promise<void> {
  await observers.get(dataSource)?.(commit);
}
