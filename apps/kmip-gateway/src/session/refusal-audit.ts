import { type AuditSink } from '@lib/audit';
import { type Clock, newCorrelationId } from '@lib/kernel';
import { type PeerDescription } from '@lib/kmip-transport';
import { type BirthRefusal, type DirectoryEntry } from '@lib/tenancy';

import { type Refusal } from './admission';

export interface RefusalAuditOptions {
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly endpointName: string;
  /** A refusal is not in the trail: its store failed, or too many came at once. */
  readonly unrecorded: (error?: unknown) => void;
  readonly patienceMs?: number;
  readonly maximumAtOnce?: number;
}

/** A client that is refused need not wait longer for it than this. */
const PATIENCE_MS = 1_000;
/** Records under way; a client that reconnects without end must not use up the database. */
const MAXIMUM_AT_ONCE = 64;

/**
 * Puts the refusal of a certificate that is on an instance's list into that instance's trail. Other than with a key, no
 * secret waits for the record: the client is refused whether or not it could be written.
 */
export class RefusalAudit {
  readonly #underWay = new Set<Promise<void>>();

  constructor(private readonly options: RefusalAuditOptions) {}

  /** Resolves when the refusal is recorded or its time is up. Never rejects. */
  async record(peer: PeerDescription, client: DirectoryEntry, refusal: Refusal | BirthRefusal): Promise<void> {
    if (this.#underWay.size >= (this.options.maximumAtOnce ?? MAXIMUM_AT_ONCE)) {
      this.options.unrecorded();
      return;
    }
    const recording = this.#write(peer, client, refusal).finally(() => this.#underWay.delete(recording));
    this.#underWay.add(recording);
    await withPatience(recording, this.options.patienceMs ?? PATIENCE_MS);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #write(peer: PeerDescription, client: DirectoryEntry, refusal: Refusal | BirthRefusal): Promise<void> {
    const { sink, clock, endpointName, unrecorded } = this.options;
    const { instanceId, fingerprint, certificateName: name, certificateId: id } = client;
    try {
      await sink.record({
        instanceId,
        action: 'vmware-solutions.kmip-server.refuse',
        occurredAt: clock.now(),
        initiator: { kind: 'certificate', fingerprint, name, address: peer.remoteAddress },
        outcome: 'failure',
        reason: refusal,
        target: { kind: 'certificate', id, name },
        correlationId: newCorrelationId(),
        observer: endpointName,
      });
    } catch (error) {
      unrecorded(error);
    }
  }
}

async function withPatience(work: Promise<void>, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([work, patience]);
  clearTimeout(timer);
}
