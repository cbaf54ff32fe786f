import { BoundedMap, type Clock, type InstanceId } from '@lib/kernel';
import { type KeyManagerFault } from '@lib/key-manager';
import { type NoteApplication, type NotesReport, type NoteWriter, type ReconcileScope } from '@lib/kmip-engine';

/** A count is one of the process that holds the lease: what it did not look at for so long, another one counts. */
const COUNTED_MS = 3_600_000;
/** Instances. Of one that was forgotten the notes are applied again, which changes nothing, and counted again. */
const REMEMBERED = 100_000;

export interface InstanceNotesOptions {
  readonly writer: Pick<NoteWriter, 'run'>;
  readonly application: Pick<NoteApplication, 'readAndRun'>;
  readonly scopeFor: (instanceId: InstanceId, signal: AbortSignal) => Promise<ReconcileScope>;
  /** When the restore was noticed that holds this instance. */
  readonly heldSince: (instanceId: InstanceId) => Date | undefined;
  readonly clock: Clock;
  readonly log: (fields: Readonly<Record<string, unknown>>, message: string) => void;
}

interface Unwritten {
  readonly count: number;
  readonly atMs: number;
  readonly hindrance: KeyManagerFault | undefined;
}

/** Brings the notes of what must not come back into the key manager of one instance, and back from there after a restore. */
export class InstanceNotes {
  /** By instance, the restore after which they were applied: between two of them it may not be visited. */
  readonly #applied = new BoundedMap<InstanceId, number>(REMEMBERED);
  readonly #unwritten = new BoundedMap<InstanceId, Unwritten>(REMEMBERED);

  constructor(private readonly options: InstanceNotesOptions) {}

  /** Notes that the key managers of the region lack, as far as this process counted lately. */
  get unwritten(): number {
    const since = this.options.clock.monotonicMs() - COUNTED_MS;
    return [...this.#unwritten.values()].reduce((sum, { count, atMs }) => (atMs < since ? sum : sum + count), 0);
  }

  /** @returns true when another turn can follow at once @throws when catalog or key manager fails */
  async visit(instanceId: InstanceId, signal: AbortSignal): Promise<boolean> {
    const { writer, clock, scopeFor } = this.options;
    const scope = await scopeFor(instanceId, signal);
    const { written, unwritten, hindrance } = await writer.run(scope);
    // When it changes, and not with each round.
    if (hindrance !== undefined && this.#unwritten.get(instanceId)?.hindrance !== hindrance) {
      this.options.log(
        { instanceId, hindrance, unwritten },
        'notes wait for the key manager; what they say is in force',
      );
    }
    if (unwritten === 0) this.#unwritten.delete(instanceId);
    else this.#unwritten.set(instanceId, { count: unwritten, atMs: clock.monotonicMs(), hindrance });
    await this.#afterRestore(scope);
    return written > 0 && unwritten > 0 && hindrance === undefined;
  }

  /** Once while a restore is held. Nothing is given back by it: that is the operator's. */
  async #afterRestore(scope: ReconcileScope): Promise<void> {
    const { instanceId, keyManager } = scope;
    const heldSince = this.options.heldSince(instanceId)?.getTime();
    if (heldSince === undefined) {
      this.#applied.delete(instanceId);
      return;
    }
    if (keyManager === undefined || this.#applied.get(instanceId) === heldSince) return;
    this.#report(instanceId, await this.options.application.readAndRun(scope));
    this.#applied.set(instanceId, heldSince);
  }

  #report(instanceId: InstanceId, { applied, refused, gaps }: NotesReport): void {
    if (applied.length + refused.length + gaps.length === 0) return;
    const fields = { instanceId, applied, refused, gaps };
    this.options.log(fields, 'the restored database lacked what the notes in the key manager say');
  }
}
