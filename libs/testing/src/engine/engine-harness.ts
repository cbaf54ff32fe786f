import {
  type InstanceId,
  newCorrelationId,
  newUniqueIdentifier,
  Secret,
  toFingerprint,
  toInstanceId,
} from '@lib/kernel';
import {
  type BackgroundDependencies,
  DeletionRights,
  CatalogRebuild,
  CustodySweep,
  type EngineDependencies,
  type EngineLogger,
  type EngineMetrics,
  type EngineScope,
  everyOperation,
  KmipEngine,
  type OperationObservation,
  type NotesWritten,
  NoteWriter,
  type RebuildOptions,
  type RebuildReport,
  Reconciler,
  type ReconcileReport,
  type ReconcileScope,
  type StayReason,
  type SweepReport,
} from '@lib/kmip-engine';
import {
  type Attribute,
  CryptographicAlgorithm,
  decodeResponseMessage,
  encodeRequestMessage,
  ObjectType,
  Operation,
  type OperationName,
  type OperationRequest,
  type OperationRequests,
  type OperationResponses,
  type ProtocolVersion,
  type RequestHeader,
  type RequestMessage,
  type ResponseBatchItem,
  type ResponseMessage,
  ResultReason,
  ResultStatus,
  V1_1,
} from '@lib/kmip-protocol';
import { type KeyManager } from '@lib/key-manager';
import { randomBytes, randomUUID } from 'node:crypto';

import { FakeKeyManager } from '../key-manager/fake-key-manager';
import { InMemoryManagedObjectStore } from './in-memory-managed-object-store';
import { ManualClock } from './manual-clock';

export interface EngineHarnessOptions {
  readonly clock?: ManualClock;
  readonly store?: InMemoryManagedObjectStore;
  readonly keyManager?: FakeKeyManager;
  /** A real key manager in place of the fake one, and those of former root keys. */
  readonly bound?: Pick<EngineScope, 'keyManagerOf'> & { readonly keyManager: KeyManager; readonly rootKeyId: string };
  readonly instanceId?: InstanceId;
  /** Shares one engine between harnesses, as one gateway serves several tenants. */
  readonly engine?: KmipEngine;
  readonly dependencies?: Partial<EngineDependencies>;
}

export interface LogLine {
  readonly level: 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export const attribute = (attributeName: string, attributeValue: Attribute['attributeValue']): Attribute => ({
  attributeName,
  ...(attributeValue === undefined ? {} : { attributeValue }),
});

/** What vCenter asks for: AES-256 for encryption and decryption (recorded, KMIP 1.1). */
export const vcenterKey: readonly Attribute[] = [
  attribute('Cryptographic Algorithm', { type: 'Enumeration', value: CryptographicAlgorithm.AES }),
  attribute('Cryptographic Usage Mask', { type: 'Integer', value: 12 }),
  attribute('Cryptographic Length', { type: 'Integer', value: 256 }),
];

/** The name of a Result Reason, for failures a reader can tell apart. */
export const reasonName = (reason: number | undefined): string | undefined =>
  Object.entries(ResultReason).find(([, value]) => value === reason)?.[0];

/** One tenant in front of an engine, with every port a fake and every message going through the codec. */
export class EngineHarness {
  readonly clock: ManualClock;
  readonly store: InMemoryManagedObjectStore;
  readonly keyManager: FakeKeyManager;
  readonly instanceId: InstanceId;
  readonly engine: KmipEngine;
  readonly logs: LogLine[] = [];
  readonly observations: OperationObservation[] = [];
  /** Why stored keys that seemed to be needed no more were kept, one entry for each look. */
  readonly kept: StayReason[] = [];
  readonly #deletionRights = new DeletionRights();
  readonly #metrics: EngineMetrics = {
    observeOperation: (observation) => this.observations.push(observation),
    storedKeyKept: (why) => this.kept.push(why),
  };
  readonly #logger: EngineLogger = {
    warn: (fields, message) => this.logs.push({ level: 'warn', fields, message }),
    error: (fields, message) => this.logs.push({ level: 'error', fields, message }),
  };

  constructor(private readonly options: EngineHarnessOptions = {}) {
    this.clock = options.clock ?? new ManualClock();
    this.store = options.store ?? new InMemoryManagedObjectStore();
    this.keyManager = options.keyManager ?? new FakeKeyManager({ clock: this.clock });
    this.instanceId = options.instanceId ?? toInstanceId(randomUUID());
    this.engine =
      options.engine ??
      new KmipEngine(
        {
          clock: this.clock,
          newUniqueIdentifier,
          newCorrelationId,
          randomBytes,
          logger: this.#logger,
          metrics: this.#metrics,
          deletionRights: this.#deletionRights,
          ...options.dependencies,
        },
        everyOperation(),
      );
  }

  /** The same tenant served by another process: same catalog and key manager, other memory. */
  anotherGateway(): EngineHarness {
    const { clock, store, keyManager, instanceId } = this;
    return new EngineHarness({ clock, store, keyManager, instanceId });
  }

  scope(changes: Partial<EngineScope> = {}): EngineScope {
    return {
      instanceId: this.instanceId,
      certificateFingerprint: toFingerprint('cd'.repeat(32)),
      certificateName: 'vcenter',
      remoteAddress: '192.0.2.1',
      endpointName: 'kmip-1',
      store: this.store,
      keyManager: this.keyManager,
      rootKeyId: this.keyManager.rootKey.id,
      ...this.options.bound,
      limits: { maximumLiveKeys: 1000 },
      ...changes,
    };
  }

  /** A whole message through codec and engine. */
  async exchange(message: RequestMessage, scope: Partial<EngineScope> = {}): Promise<ResponseMessage> {
    return decodeResponseMessage(await this.engine.handle(encodeRequestMessage(message), this.scope(scope)));
  }

  /** A batch in that version, 1.1 unless said otherwise, with identifiers when there are several items. */
  async batch(
    requests: readonly OperationRequest[],
    header: Partial<RequestHeader> = {},
    scope: Partial<EngineScope> = {},
  ): Promise<readonly ResponseBatchItem[]> {
    const response = await this.exchange(aRequest(requests, header), scope);
    return response.batchItems;
  }

  /** One operation; the item as it came back. */
  async attempt<N extends OperationName>(
    name: N,
    payload: OperationRequests[N],
    options: { readonly version?: ProtocolVersion; readonly scope?: Partial<EngineScope> } = {},
  ): Promise<ResponseBatchItem> {
    const header = { protocolVersion: options.version ?? V1_1 };
    const [item] = await this.batch([{ name, payload } as OperationRequest], header, options.scope);
    if (item === undefined) throw new Error('the engine answered without a batch item');
    return item;
  }

  /** One operation that must succeed; its payload. */
  async perform<N extends OperationName>(
    name: N,
    payload: OperationRequests[N],
    options: { readonly version?: ProtocolVersion; readonly scope?: Partial<EngineScope> } = {},
  ): Promise<OperationResponses[N]> {
    const item = await this.attempt(name, payload, options);
    if (item.resultStatus !== ResultStatus.Success) {
      throw new Error(`${name} failed: ${reasonName(item.resultReason) ?? '?'}: ${item.resultMessage ?? ''}`);
    }
    return item.response?.payload as OperationResponses[N];
  }

  /** One operation that must fail; the name of its reason and the code in its message. */
  async refusal<N extends OperationName>(
    name: N,
    payload: OperationRequests[N],
    options: { readonly version?: ProtocolVersion; readonly scope?: Partial<EngineScope> } = {},
  ): Promise<{ readonly reason: string | undefined; readonly code: string | undefined }> {
    const item = await this.attempt(name, payload, options);
    if (item.resultStatus === ResultStatus.Success) throw new Error(`${name} succeeded`);
    return { reason: reasonName(item.resultReason), code: failureCode(item) };
  }

  async createKey(attributes: readonly Attribute[] = [], version = V1_1): Promise<string> {
    const templateAttribute = { attributes: [...vcenterKey, ...attributes] };
    const { uniqueIdentifier } = await this.perform(
      'Create',
      { objectType: ObjectType.SymmetricKey, templateAttribute },
      { version },
    );
    return uniqueIdentifier;
  }

  /** The key bytes as a client gets them. */
  async fetch(uniqueIdentifier: string, version = V1_1): Promise<Buffer> {
    const { symmetricKey } = await this.perform('Get', { uniqueIdentifier }, { version });
    const material = symmetricKey?.keyMaterial;
    if (!(material instanceof Secret)) throw new Error('Get answered without raw key material');
    return Buffer.from(material.expose());
  }

  /** What the operator does after the catalog lost something. */
  rebuild(options: RebuildOptions = {}): Promise<RebuildReport> {
    return new CatalogRebuild(this.background).run(this.reconcileScope(), options);
  }

  reconcile(options: { readonly staleAfterMs?: number } = {}): Promise<ReconcileReport> {
    return this.reconciler(options).run(this.reconcileScope());
  }

  /** The background work that brings notes of what must not come back into the key manager. */
  writeNotes(): Promise<NotesWritten> {
    return new NoteWriter(this.background).run(this.reconcileScope());
  }

  /** Two looks, as one alone closes no note. @returns what the second came to */
  async settle(scope = this.reconcileScope()): Promise<ReconcileReport> {
    const reconciler = this.reconciler();
    await reconciler.run(scope);
    this.clock.advance(600_001);
    return reconciler.run(scope);
  }

  /** One turn of the background work that follows a rotation of the root key. */
  moveToNewest(): Promise<SweepReport> {
    return new CustodySweep(this.background).refresh(this.reconcileScope());
  }

  reconciler(options: { readonly staleAfterMs?: number } = {}): Reconciler {
    return new Reconciler(this.background, options);
  }

  /** What the work beside the protocol is given. */
  get background(): BackgroundDependencies {
    const observers = { logger: this.#logger, metrics: this.#metrics };
    const making = { clock: this.clock, newCorrelationId, newUniqueIdentifier };
    return { ...making, component: 'reconciler', ...observers, deletionRights: this.#deletionRights };
  }

  reconcileScope(): ReconcileScope {
    return {
      instanceId: this.instanceId,
      store: this.store,
      keyManager: this.keyManager,
      rootKeyId: this.keyManager.rootKey.id,
      ...this.options.bound,
    };
  }
}

export function aRequest(requests: readonly OperationRequest[], header: Partial<RequestHeader> = {}): RequestMessage {
  return {
    header: { protocolVersion: V1_1, batchCount: requests.length, ...header },
    batchItems: requests.map((request, index) => ({
      operation: Operation[request.name],
      ...(requests.length === 1 ? {} : { uniqueBatchItemId: Buffer.from([index + 1]) }),
      request,
    })),
  };
}

/** The stable code at the end of a Result Message. */
export const failureCode = (item: ResponseBatchItem): string | undefined =>
  /\[(\w+)\]/.exec(item.resultMessage ?? '')?.[1];
