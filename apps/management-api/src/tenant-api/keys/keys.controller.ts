import { Controller, Delete, Get, Inject, Patch, Post } from '@nestjs/common';

import { type AuditEvent, type AuditTrail } from '@lib/audit';
import { KeyAdministration, type LostKey, type ManagedObject } from '@lib/kmip-engine';
import { type Clock, isUuid, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import { PostgresAuditTrail } from '@lib/persistence';
import { CLOCK } from '@lib/platform';
import { ClientCertificateService, type RootKeyBinding, type WatchedRootKeys } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type CheckedChange, type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, CheckedOperation, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';

import { pageAnswer } from '../paging';
import { PUBLIC_URL } from '../../http/tokens';
import { servingUnder } from '../root-key/root-key-health.response';
import { KEY_ACCESS } from '../tokens';
import { type KeyAccess } from './key-access.port';
import { cursorOf, keyListingOf } from './key-listing';
import { asNamed, asSeen, planNeeded } from './key-guards';
import { revocationOf } from './key-revocation';
import { type KeyContext, keyResponse } from './key.response';

/** InstanceKeyPatch. */
interface Patch {
  readonly suspended?: boolean;
  readonly state?: 'active';
}

/** Destroying asks the key manager; it may take its time, but not the caller's patience. */
const DESTROY_TIMEOUT_MS = 20_000;

@Controller('v1/instances/:instance_id/keys')
export class KeysController {
  constructor(
    @Inject(KEY_ACCESS) private readonly keys: KeyAccess,
    @Inject(KeyAdministration) private readonly administration: KeyAdministration,
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(PostgresAuditTrail) private readonly trail: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_keys', 'key.list')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const now = this.clock.now();
    const { instanceId } = call.instance();
    const watched = await this.keys.rootKeys(instanceId);
    const rootKeys = servingUnder(watched);
    const listing = keyListingOf(call, now, rootKeys);
    const found = await this.keys.catalog(instanceId).list(listing);
    const [certificateNames, lost] = await Promise.all([this.#certificateNames(call), this.#lost(call, found)]);
    const serving = { rootKeys, lost, bindings: bindingsOf(watched) };
    return pageAnswer(call, this.publicUrl, 'keys', found, {
      cursorOf: (key) => cursorOf(key, listing.order),
      present: (key) => keyResponse(key, { href: this.#href(call, key), now, certificateNames, serving }),
    });
  }

  @Get(':id')
  @Operation('get_instance_key', 'key.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const key = await this.keys.store(call.instance().instanceId).find(keyId(call));
    if (!key) throw notFound();
    return this.#answer(call, key);
  }

  @Patch(':id')
  @Operation('update_instance_key', 'key.update')
  async update(@Call() call: OperationCall): Promise<OperationAnswer> {
    // Valid by its schema.
    const { suspended, state } = call.body as Patch;
    const store = this.keys.store(call.instance().instanceId);
    const id = keyId(call);
    const guard = asSeen(call);
    if (suspended === undefined && state === undefined) {
      const key = await store.find(id);
      if (!key) throw notFound();
      guard(key);
      return this.#answer(call, key);
    }
    const change = { ...(suspended !== undefined && { suspended }), reactivate: state === 'active' };
    return this.#answer(call, await this.administration.change(store, id, change, administratorOf(call), guard));
  }

  @Post(':id/revoke')
  @CheckedOperation('revoke_instance_key', 'key.update')
  async revoke(@Call() call: OperationCall): Promise<CheckedChange> {
    const store = this.keys.store(call.instance().instanceId);
    const [id, revocation, guard] = [keyId(call), revocationOf(call), asNamed(call)];
    await this.administration.checkRevocation(store, id, revocation, guard);
    return async () => {
      const revoked = await this.administration.revoke(store, id, revocation, administratorOf(call), guard);
      return this.#answer(call, revoked);
    };
  }

  @Delete(':id')
  @CheckedOperation('delete_instance_key', 'key.delete', { ifGiven: { revoke: 'key.update' } })
  async destroy(@Call() call: OperationCall): Promise<CheckedChange> {
    const { instanceId } = call.instance();
    if (await this.keys.needsSecondPerson(instanceId)) throw planNeeded();
    const scope = await this.keys.scope(instanceId);
    const [id, guard] = [keyId(call), asNamed(call)];
    const order = { revoking: call.query['revoke'] === true };
    await this.administration.checkDestruction(scope, id, guard, order);
    return async () => {
      const signal = AbortSignal.timeout(DESTROY_TIMEOUT_MS);
      await this.administration.destroy(scope, id, administratorOf(call), guard, { signal, order });
      return { status: 204 };
    };
  }

  async #answer(call: OperationCall, key: ManagedObject): Promise<OperationAnswer> {
    const [certificateNames, watched, lost, lastFetch] = await Promise.all([
      this.#certificateNames(call),
      this.keys.rootKeys(call.instance().instanceId),
      this.#lost(call, [key]),
      key.lastFetchedAt && this.#lastFetch(call, key.uniqueIdentifier),
    ]);
    const serving = { rootKeys: servingUnder(watched), lost, bindings: bindingsOf(watched) };
    const context: KeyContext = { href: this.#href(call, key), now: this.clock.now(), certificateNames, serving };
    const body = keyResponse(key, lastFetch ? { ...context, lastFetch } : context);
    return { status: 200, body, etag: body.etag };
  }

  /** By whom and from where is in the audit trail, which has it anyway. */
  async #lastFetch(call: OperationCall, targetId: string): Promise<AuditEvent | undefined> {
    const [record] = await this.trail.list(call.instance().instanceId, {
      action: 'vmware-solutions.kmip-key.read',
      outcome: 'success',
      targetId,
      newestFirst: true,
      limit: 1,
    });
    return record?.event;
  }

  async #lost(call: OperationCall, keys: readonly ManagedObject[]): Promise<ReadonlyMap<string, LostKey>> {
    const ids = keys.map(({ uniqueIdentifier }) => uniqueIdentifier);
    const lost = await this.keys.store(call.instance().instanceId).lost.among(ids);
    return new Map(lost.map((one) => [one.uniqueIdentifier, one]));
  }

  async #certificateNames(call: OperationCall): Promise<ReadonlyMap<string, string>> {
    const certificates = await this.certificates.list(call.instance().instanceId);
    return new Map(certificates.map(({ fingerprint, name }) => [fingerprint, name]));
  }

  #href(call: OperationCall, { uniqueIdentifier }: ManagedObject): string {
    return `${this.publicUrl}/v1/instances/${call.instance().instanceId}/keys/${uniqueIdentifier}`;
  }
}

const bindingsOf = ({ rootKeys }: WatchedRootKeys): readonly RootKeyBinding[] => rootKeys.map(({ binding }) => binding);

function keyId(call: OperationCall): UniqueIdentifier {
  const id = call.path['id'] ?? '';
  if (!isUuid(id)) throw notFound();
  return toUniqueIdentifier(id);
}
