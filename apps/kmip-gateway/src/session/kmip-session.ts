import { type EngineScope, type KmipEngine } from '@lib/kmip-engine';
import { type FramingError, ResultReason } from '@lib/kmip-protocol';
import {
  type Admission as TransportAdmission,
  type KmipAnswer,
  type KmipConnectionHandler,
  type PeerDescription,
} from '@lib/kmip-transport';
import { type DirectoryEntry } from '@lib/tenancy';

import { type Admission, type Refusal } from './admission';

export interface SessionObserver {
  refused(peer: PeerDescription, refusal: Refusal): void;
}

/** Makes the engine's view of one tenant for one message. */
export type ScopeFactory = (client: DirectoryEntry, peer: PeerDescription, signal: AbortSignal) => Promise<EngineScope>;

/** Between the listener and the engine: who is talking is decided here, for every message anew. */
export class KmipSession implements KmipConnectionHandler {
  constructor(
    private readonly admission: Admission,
    private readonly engine: KmipEngine,
    private readonly scopeFor: ScopeFactory,
    private readonly observer: SessionObserver,
  ) {}

  admit(peer: PeerDescription): TransportAdmission {
    return 'client' in this.admission.judge(peer) ? 'known' : 'stranger';
  }

  async handleMessage(message: Buffer, peer: PeerDescription, signal: AbortSignal): Promise<KmipAnswer> {
    const verdict = this.admission.judge(peer);
    if ('refusal' in verdict) {
      this.observer.refused(peer, verdict.refusal);
      const response = this.engine.errorResponse(message, ResultReason.AuthenticationNotSuccessful, verdict.message);
      return { response, close: true };
    }
    const scope = await this.#scope(message, verdict.client, peer, signal);
    if ('response' in scope) return scope;
    return { response: await this.engine.handle(message, scope) };
  }

  frameError(error: FramingError): Buffer {
    return this.engine.errorResponse(undefined, ResultReason.InvalidMessage, error.message);
  }

  /** The catalog may be out of reach already when the tenant's root key is looked up. */
  async #scope(
    message: Buffer,
    client: DirectoryEntry,
    peer: PeerDescription,
    signal: AbortSignal,
  ): Promise<EngineScope | KmipAnswer> {
    try {
      return await this.scopeFor(client, peer, signal);
    } catch {
      const text = 'The KMIP server cannot reach its catalog at the moment. Try again.';
      return { response: this.engine.errorResponse(message, ResultReason.GeneralFailure, text) };
    }
  }
}
