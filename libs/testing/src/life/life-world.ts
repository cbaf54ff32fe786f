import { createHash } from 'node:crypto';

import { newCorrelationId, Secret, type UniqueIdentifier } from '@lib/kernel';
import {
  CatalogRebuild,
  type EngineScope,
  isDestroyed,
  type KeyChange,
  type ManagedObject,
  type ManagedObjectStore,
  type RebuildReport,
  type ReconcileScope,
} from '@lib/kmip-engine';
import { ResultStatus } from '@lib/kmip-protocol';

import { failureCode } from '../engine/engine-harness';
import { FaultPlan } from '../engine/fault-plan';
import { ManualClock } from '../engine/manual-clock';
import { type FakeKeyManager, type StoredRecord } from '../key-manager/fake-key-manager';
import { type FakeRootKey } from '../key-manager/fake-root-key';
import { Dice } from './dice';
import { both, type Fate, isWeaker, newFate, recordableIn, type Revocation, revocationIn, withheldBy } from './fate';
import { intercepted } from './intercepted';
import { type LifeCatalog, type OpenLifeCatalog } from './life-catalog';
import { LifeProcess } from './life-process';
import { ownerIn, TenantVault } from './tenant-vault';
import { TrailWitness } from './trail-witness';

/** What a catalog knows of root keys goes back with it when it is restored. */
interface Bindings {
  readonly current: FakeRootKey;
  readonly former: readonly FakeRootKey[];
}

/** What is known as of a backup, where the record beside the catalog is as old. */
interface Knowledge {
  readonly record: ReadonlyMap<UniqueIdentifier, Revocation>;
  readonly certificates: ReadonlySet<string>;
}

/** One tenant with all its misfortune. */
export class LifeWorld {
  readonly fates = new Map<UniqueIdentifier, Fate>();
  readonly withdrawnCertificates = new Set<string>();
  readonly faults = new FaultPlan<string>();
  readonly vault: TenantVault;
  readonly #identifiers = new Dice(1);
  /** Kept aside, because the product goes on after an error. */
  readonly #violations: string[] = [];
  readonly #touched = new Map<UniqueIdentifier, Set<keyof Revocation>>();
  #bindings: Bindings;
  #savedBindings: Bindings;
  #saved: Knowledge = { record: new Map(), certificates: new Set() };
  #trail: TrailWitness | undefined;
  #process: LifeProcess;
  #faulty: { readonly of: ManagedObjectStore; readonly store: ManagedObjectStore } | undefined;

  private constructor(
    readonly clock: ManualClock,
    readonly catalog: LifeCatalog,
  ) {
    this.vault = new TenantVault(clock, catalog.instanceId, (record) => this.#judge(record));
    const [current] = this.vault.rootKeys;
    if (current === undefined) throw new Error('a tenant begins with a root key');
    this.#bindings = { current, former: [] };
    this.#savedBindings = this.#bindings;
    this.#process = this.#newProcess();
  }

  static async open(openCatalog: OpenLifeCatalog): Promise<LifeWorld> {
    const clock = new ManualClock();
    return new LifeWorld(clock, await openCatalog(clock));
  }

  get process(): LifeProcess {
    return this.#process;
  }

  get bindings(): Bindings {
    return this.#bindings;
  }

  restart(): void {
    this.#process = this.#newProcess();
  }

  violated(what: string): void {
    this.#violations.push(what);
  }

  /** From now on the catalog in force decides what was revoked of this key. */
  touch(id: UniqueIdentifier, what: keyof Revocation): void {
    this.#touched.set(id, (this.#touched.get(id) ?? new Set()).add(what));
  }

  acknowledge(id: UniqueIdentifier): void {
    const key = this.vault.keyOf(id);
    if (key === undefined) {
      this.violated(`the Create of ${id} was acknowledged, and its key is nowhere`);
      return;
    }
    this.fates.set(id, newFate(id, key));
  }

  bind(next: FakeRootKey): void {
    const { current, former } = this.#bindings;
    if (next === current) return;
    this.#bindings = { current: next, former: [current, ...former].filter((rootKey) => rootKey !== next) };
  }

  async backUp(): Promise<void> {
    await this.catalog.backUp();
    this.#savedBindings = this.#bindings;
    this.#saved = {
      record: new Map([...this.fates].map(([id, { recorded }]) => [id, { ...recorded }])),
      certificates: new Set(this.withdrawnCertificates),
    };
  }

  async restore(options: { readonly noticed: boolean }): Promise<void> {
    const { store } = this.catalog;
    const allNoted = (await store.notes.countUnwritten(this.#bindings.current.id)) === 0;
    if (!(await this.catalog.restore(options))) return;
    this.#bindings = this.#savedBindings;
    this.restart();
    if (!options.noticed) this.#forgetCertificates();
    for (const fate of this.fates.values()) {
      const row = await this.catalog.store.find(fate.id);
      fate.lost = row === undefined;
      if (allNoted) Object.assign(fate.noted, fate.revoked);
      Object.assign(fate.revoked, revocationIn(row, this.clock.now()));
      if (!options.noticed)
        Object.assign(fate.recorded, this.#saved.record.get(fate.id) ?? { ended: 0, suspended: false });
      // A note may tell of it, and not of the suspension that came after.
      if (fate.wasResumed) fate.revoked.suspended = false;
    }
  }

  #forgetCertificates(): void {
    for (const id of this.withdrawnCertificates)
      if (!this.#saved.certificates.has(id)) this.withdrawnCertificates.delete(id);
  }

  /** The tenant keeps it where no restore reaches. */
  async exportTrail(): Promise<void> {
    this.#trail = TrailWitness.of(await this.catalog.exportTrail());
    for (const fate of this.fates.values())
      Object.assign(fate.exported, revocationIn(await this.catalog.store.find(fate.id), this.clock.now()));
  }

  /** Every root key the instance ever had: what was bound after a backup is bound again before the rebuild. */
  bindAll(): void {
    const { current } = this.#bindings;
    this.#bindings = { current, former: this.vault.rootKeys.filter((rootKey) => rootKey !== current) };
  }

  recover(): void {
    this.vault.recover();
    this.faults.recover();
  }

  /** What a client was answered. A wrong key is a violation whoever asks and whatever was before. */
  async get(fate: Fate): Promise<string> {
    const item = await this.#process.harness.attempt(
      'Get',
      { uniqueIdentifier: fate.id },
      { scope: this.engineScope() },
    );
    if (item.resultStatus !== ResultStatus.Success || item.response?.name !== 'Get')
      return failureCode(item) ?? 'without a code';
    const material = item.response.payload.symmetricKey?.keyMaterial;
    if (material instanceof Secret && material.expose().equals(fate.key)) return 'served';
    if (!fate.supplanted) this.violated(`${fate.id} was served with other bytes`);
    return 'other bytes';
  }

  async administer(fate: Fate, change: KeyChange): Promise<void> {
    const administrator = {
      instanceId: this.catalog.instanceId,
      initiator: { kind: 'user', iamId: 'IBMid-1' },
      correlationId: newCorrelationId(),
      observer: 'management-api',
    } as const;
    const { administration } = this.#process;
    await administration.change(this.#store(), fate.id, change, administrator, () => undefined);
  }

  engineScope(): Partial<EngineScope> & Pick<EngineScope, 'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf'> {
    const { current, former } = this.#bindings;
    return {
      store: this.#store(),
      keyManager: this.#seen(current),
      rootKeyId: current.id,
      keyManagerOf: (id) => {
        const rootKey = [current, ...former].find((each) => each.id === id);
        return rootKey && this.#seen(rootKey);
      },
      destructionsWait: this.catalog.isHeld,
      // A failed-over region does not show what it took: nobody waits for that.
      limits: { maximumLiveKeys: 1000, operationTimeoutMs: this.vault.isFailedOver ? 300 : 8000 },
    };
  }

  reconcileScope(): ReconcileScope {
    const former = this.#bindings.former.map((rootKey) => ({
      rootKeyId: rootKey.id,
      keyManager: this.#seen(rootKey),
    }));
    const { instanceId } = this.catalog;
    return { ...this.engineScope(), instanceId, former };
  }

  /** After each step: what the catalog says has to go on from what it said. @throws at the first violation */
  async observe(): Promise<void> {
    await this.#process.harness.engine.drain();
    if (this.#process.mortality.isDead) this.restart();
    for (const fate of this.fates.values()) await this.#observeOne(fate);
    for (const id of await this.catalog.certificates())
      if (this.withdrawnCertificates.has(id)) this.violated(`the certificate ${id} is let in again`);
    this.#touched.clear();
    this.requireSound();
  }

  requireSound(): void {
    if (this.#violations.length > 0) throw new Error(this.#violations.join('\n'));
  }

  /** After the procedure. @throws at the first violation */
  async requireAllServed(): Promise<void> {
    for (const fate of this.fates.values()) await this.#requireServed(fate);
    await this.#process.harness.engine.drain();
    this.requireSound();
  }

  async #requireServed(fate: Fate): Promise<void> {
    const { id, destroyed, replayed, supplanted, mayGo } = fate;
    await this.#requireRevoked(fate);
    const outcome = await this.get(fate);
    const isServed = outcome === 'served';
    if (destroyed && !replayed && isServed) this.violated(`${id} was destroyed and is served`);
    const mustBeServed = !destroyed && !mayGo && !supplanted;
    if (mustBeServed && !isServed) this.violated(`${id} is not served: ${outcome}`);
  }

  /** What was taken from the key is so still; then a suspension is taken back. */
  async #requireRevoked(fate: Fate): Promise<void> {
    const { id, revoked, recorded, noted, exported } = fate;
    const row = await this.catalog.store.find(id);
    if (row === undefined) return;
    const found = withheldBy(row, this.clock.now());
    const known = this.catalog.reach === 'record' ? recorded : revoked;
    const words = { known, noted, ...(this.#trail && { exported }) };
    for (const [what, word] of Object.entries(words))
      if (isWeaker(found, word)) this.violated(`${id} came back from revocation (${what})`);
    if (!row.suspended) return;
    if ((await this.get(fate)) === 'served') this.violated(`${id} was served although it is suspended`);
    const canBeResumed = row.destroyRequestedAt === undefined && !isDestroyed(row.state);
    if (canBeResumed) await this.administer(fate, { suspended: false });
  }

  /** After a Destroy that was answered. What it cannot have seen may outlive it, if the catalog forgets the order. */
  async lookForLeft(fate: Fate): Promise<void> {
    const { current, former } = this.#bindings;
    const bound = [current, ...former].map((rootKey) => this.vault.of(rootKey));
    const left = this.vault.copiesOf(fate.id, fate.key);
    const isUnderWay = (await this.catalog.store.moves.find(fate.id)) !== undefined;
    if (!isUnderWay && !fate.replayed && left.some((copy) => this.vault.isShown(copy, bound)))
      this.violated(`${fate.id} was destroyed, and its key lies in plain sight`);
    if (left.length > 0) fate.replayed = true;
  }

  /** As the operator does: with the trail there is, and of keys in conflict the one whose digest it has. */
  async rebuild(): Promise<void> {
    const rebuild = new CatalogRebuild(this.#process.harness.background);
    const options = this.#trail && { trail: this.#trail.facts };
    const run = async (take?: { readonly take: readonly string[] }): Promise<RebuildReport> => {
      const lost = await this.#lostKeys();
      const report = await rebuild.run(this.reconcileScope(), { ...options, ...take });
      const still = new Set(await this.#lostKeys());
      const came = lost.filter((id) => !still.has(id));
      await this.#requireTold(report, came);
      return report;
    };
    const report = await run();
    const genuine = new Set(
      [...this.fates.values()].flatMap(({ id, key }) =>
        this.vault.copiesOf(id, key).map(({ storedKeyId }) => storedKeyId),
      ),
    );
    const take = report.refused
      .filter(({ reason, storedKeyId }) => reason === 'conflict' && genuine.has(storedKeyId))
      .map(({ storedKeyId }) => storedKeyId);
    if (take.length > 0) await run({ take });
  }

  /** Keys that were acknowledged, of which the catalog has no row. */
  async #lostKeys(): Promise<readonly UniqueIdentifier[]> {
    const lost: UniqueIdentifier[] = [];
    for (const { id } of this.fates.values()) {
      if ((await this.catalog.store.find(id)) === undefined) lost.push(id);
    }
    return lost;
  }

  /** The trail is in force as far as it reaches, and what it does not reach is told. */
  async #requireTold(report: RebuildReport, came: readonly UniqueIdentifier[]): Promise<void> {
    if (this.#trail === undefined || report.stoppedBy !== undefined) return;
    for (const fault of this.#trail.faultsOf(report, came)) this.violated(fault);
    for (const { id, exported } of this.fates.values()) {
      const row = this.#touched.has(id) ? undefined : await this.catalog.store.find(id);
      if (row !== undefined && isWeaker(withheldBy(row, this.clock.now()), exported))
        this.violated(`${id} is not what the exported trail says`);
    }
  }

  async #observeOne(fate: Fate): Promise<void> {
    const { id, revoked, recorded } = fate;
    const row = await this.catalog.store.find(id);
    if (row === undefined) {
      if (!fate.lost) this.violated(`the row of ${id} is gone`);
      return;
    }
    const now = this.clock.now();
    const found = revocationIn(row, now);
    if (fate.lost) this.#regain(fate, row);
    fate.lost = false;
    this.#takeBack(fate, row);
    if (isWeaker(withheldBy(row, now), revoked)) this.violated(`${id} came back from revocation`);
    Object.assign(revoked, found);
    Object.assign(recorded, both(recorded, recordableIn(row, now)));
    if (row.destroyRequestedAt !== undefined) fate.mayGo = true;
    if (isDestroyed(row.state)) fate.destroyed = true;
  }

  /** Of what somebody changed, the catalog in force decides; what is final is so in every other place all the same. */
  #takeBack(fate: Fate, row: ManagedObject): void {
    const now = this.clock.now();
    const found = revocationIn(row, now);
    for (const what of this.#touched.get(fate.id) ?? []) {
      if (what === 'suspended' && !found.suspended) fate.wasResumed = true;
      Object.assign(fate.revoked, { [what]: found[what] });
      Object.assign(fate.recorded, { [what]: recordableIn(row, now)[what] });
      for (const elsewhere of [fate.noted, fate.exported]) {
        if (what === 'suspended') elsewhere.suspended = false;
        else if (elsewhere.ended < 2) elsewhere.ended = 0;
      }
    }
  }

  /** A rebuild brought it back. Where the genuine one is nowhere to be seen, nothing but the word of a forger is left. */
  #regain(fate: Fate, row: ManagedObject): void {
    Object.assign(fate.revoked, revocationIn(row, this.clock.now()));
    if (row.digest.equals(createHash('sha256').update(fate.key).digest())) return;
    const { current, former } = this.#bindings;
    const bound = new Set([current, ...former].map((rootKey) => this.vault.of(rootKey).instance));
    const seen = this.vault.copiesOf(fate.id, fate.key).filter(({ keyManager }) => bound.has(keyManager.instance));
    if (seen.length > 0) this.violated(`${fate.id} came back as another key`);
    fate.supplanted = true;
  }

  /** What the product deletes must be needed no more, or never have been anybody's. */
  async #judge({ id: storedKeyId, name }: StoredRecord): Promise<void> {
    const owner = ownerIn(name);
    const fate = owner && this.fates.get(owner);
    if (fate === undefined) return;
    const others = this.vault.copiesOf(fate.id, fate.key).filter((copy) => copy.storedKeyId !== storedKeyId);
    const isLast = others.length === 0;
    const isInOrder = isOrdered(await this.catalog.store.find(fate.id));
    if (isInOrder && isLast && this.catalog.isHeld) this.#stop(`an order waits, and ${fate.id} was to be deleted`);
    if (isInOrder || fate.mayGo || fate.destroyed || fate.supplanted) return;
    if (isLast) this.#stop(`the last whole copy of ${fate.id} was to be deleted`);
    if (this.vault.isAlien(storedKeyId)) this.#stop(`a stored key of ${fate.id} that is not ours was to be deleted`);
  }

  #stop(what: string): never {
    this.violated(what);
    throw new Error(what);
  }

  #store(): ManagedObjectStore {
    const { store } = this.catalog;
    if (this.#faulty?.of !== store)
      this.#faulty = { of: store, store: intercepted(store, (method, call) => this.faults.run(method, call)) };
    return this.#process.mortality.wrap(this.#faulty.store);
  }

  #seen(rootKey: FakeRootKey): FakeKeyManager {
    return this.#process.mortality.wrap(this.vault.of(rootKey));
  }

  #newProcess(): LifeProcess {
    const { clock, catalog, vault } = this;
    return new LifeProcess(clock, catalog.instanceId, vault.of(this.#bindings.current), this.#identifiers);
  }
}

const isOrdered = (row: ManagedObject | undefined): boolean =>
  row !== undefined && (row.destroyRequestedAt !== undefined || isDestroyed(row.state));
