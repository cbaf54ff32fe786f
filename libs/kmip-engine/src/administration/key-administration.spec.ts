import { newCorrelationId } from '@lib/kernel';
import {
  type Administrator,
  KeyAdministration,
  type KeyChange,
  KeyDestruction,
  type CommonFields,
  type ManagedObject,
  type StoredState,
} from '@lib/kmip-engine';
import { EngineHarness } from '@lib/testing';

/** What an administrator may do to a key in each state: the state it comes to, or the refusal. */
const table: readonly (readonly [StoredState, string, string, string, string])[] = [
  // state, suspend, resume, reactivate, destroy
  ['PreActive', 'PreActive', 'PreActive', 'key_state_conflict', 'Destroyed'],
  ['Active', 'Active', 'Active', 'Active', 'destroy_active'],
  ['Deactivated', 'Deactivated', 'Deactivated', 'Active', 'Destroyed'],
  ['Compromised', 'Compromised', 'Compromised', 'key_state_conflict', 'DestroyedCompromised'],
  ['Destroyed', 'key_state_conflict', 'key_state_conflict', 'key_state_conflict', 'key_state_conflict'],
  ['DestroyedCompromised', 'key_state_conflict', 'key_state_conflict', 'key_state_conflict', 'key_state_conflict'],
];

const pass = (): void => undefined;

class Administered {
  readonly harness = new EngineHarness();
  readonly administration = new KeyAdministration(
    new KeyDestruction({ logger: { warn: () => undefined, error: () => undefined } }),
    this.harness.clock,
  );
  readonly administrator: Administrator = {
    instanceId: this.harness.instanceId,
    initiator: { kind: 'user', iamId: 'IBMid-1' },
    correlationId: newCorrelationId(),
    observer: 'management-api',
  };

  static async withKey(changes: Partial<CommonFields> = {}): Promise<Administered> {
    const administered = new Administered();
    await administered.harness.createKey();
    administered.put(changes);
    return administered;
  }

  get object(): ManagedObject {
    const [object] = this.harness.store.objects();
    if (object === undefined) throw new Error('the test made no key');
    return object;
  }

  put(changes: Partial<CommonFields>): void {
    this.harness.store.overwrite({ ...this.object, ...changes });
  }

  change(change: KeyChange, guard = pass, id = this.object.uniqueIdentifier): Promise<ManagedObject> {
    return this.administration.change(this.harness.store, id, change, this.administrator, guard);
  }

  destroy(guard = pass, id = this.object.uniqueIdentifier, order = {}): Promise<void> {
    const { signal } = new AbortController();
    const scope = this.harness.reconcileScope();
    return this.administration.destroy(scope, id, this.administrator, guard, { signal, order });
  }

  revoke(code: number, guard = pass): Promise<ManagedObject> {
    const { harness, object, administrator } = this;
    return this.administration.revoke(harness.store, object.uniqueIdentifier, { code }, administrator, guard);
  }

  /** The state the key is in afterwards, or the code of the refusal. */
  async outcome(act: () => Promise<unknown>): Promise<string> {
    try {
      await act();
    } catch (error) {
      return (error as { failure?: string }).failure ?? (error as { code: string }).code;
    }
    return this.object.state;
  }
}

describe('administration of a key', () => {
  it.each(table)('%s: suspend %s, resume %s, reactivate %s, destroy %s', async (state, ...expected) => {
    const acts = [
      (it: Administered) => it.change({ suspended: true }),
      (it: Administered) => it.change({ suspended: false }),
      (it: Administered) => it.change({ reactivate: true }),
      (it: Administered) => it.destroy(),
    ];
    for (const [index, act] of acts.entries()) {
      const administered = await Administered.withKey({ state });
      expect(await administered.outcome(() => act(administered))).toBe(expected[index]);
    }
  });

  it('suspends and resumes beside the state, each with its record', async () => {
    const administered = await Administered.withKey({ state: 'Active' });
    expect(await administered.change({ suspended: true })).toMatchObject({ suspended: true, state: 'Active' });
    expect(await administered.change({ suspended: false })).toMatchObject({ suspended: false });
    expect(await administered.change({ suspended: true, reactivate: true })).toMatchObject({ suspended: true });
    expect(administered.harness.store.audits.slice(1)).toMatchObject([
      { action: 'vmware-solutions.kmip-key.suspend', initiator: { iamId: 'IBMid-1' }, details: { suspended: true } },
      { action: 'vmware-solutions.kmip-key.resume', target: { id: administered.object.uniqueIdentifier } },
      { action: 'vmware-solutions.kmip-key.reactivate' },
    ]);
  });

  it.each([true, false])('reactivation records of the suspension (%s) what was asked for alone', async (suspended) => {
    const administered = await Administered.withKey({ state: 'Active', suspended });
    await administered.change({ reactivate: true });
    await administered.change({ reactivate: true, suspended });
    expect(administered.harness.store.audits.slice(1).map(({ details }) => details)).toStrictEqual([
      { state: 'Active' },
      { state: 'Active', suspended },
    ]);
  });

  it('reactivation takes away what would end the key again at once, and keeps what lies ahead', async () => {
    const administered = await Administered.withKey();
    const now = administered.harness.clock.now().getTime();
    const [past, ahead] = [new Date(now - 60_000), new Date(now + 60_000)];
    administered.put({
      state: 'Deactivated',
      activationDate: past,
      deactivationDate: past,
      protectStopDate: past,
      revocationReason: { code: 5 },
    });
    const { state, activationDate, ...rest } = await administered.change({ reactivate: true });
    expect([state, activationDate]).toStrictEqual(['Active', past]);
    for (const gone of ['deactivationDate', 'protectStopDate', 'revocationReason'] as const) {
      expect(rest).not.toHaveProperty(gone);
    }
    administered.put({ state: 'Deactivated', protectStopDate: ahead });
    expect(await administered.change({ reactivate: true })).toMatchObject({ protectStopDate: ahead });
  });

  it('reactivation gives a key that never was active its Activation Date, and lets it be served', async () => {
    const administered = await Administered.withKey({ state: 'Deactivated' });
    const { activationDate } = await administered.change({ reactivate: true });
    expect(activationDate).toStrictEqual(administered.harness.clock.now());
    await expect(administered.harness.fetch(administered.object.uniqueIdentifier)).resolves.toHaveLength(32);
  });

  it('changes nothing while a destruction is under way', async () => {
    const administered = await Administered.withKey({ destroyRequestedAt: new Date(0) });
    for (const change of [{ suspended: true }, { reactivate: true }]) {
      expect(await administered.outcome(() => administered.change(change))).toBe('key_state_conflict');
    }
    expect(administered.object).toMatchObject({ suspended: false, destroyRequestedAt: new Date(0) });
  });

  it('destroys as the protocol does, with records before and after', async () => {
    const administered = await Administered.withKey();
    await administered.destroy();
    expect(administered.harness.keyManager.storedKeys()).toHaveLength(0);
    expect(administered.harness.store.audits.slice(1)).toMatchObject([
      { action: 'vmware-solutions.kmip-key.destroy', outcome: 'success', details: { step: 'requested' } },
      { action: 'vmware-solutions.kmip-key.destroy', outcome: 'success', details: { step: 'completed' } },
    ]);
  });

  it('gives a key back that may not be destroyed, and records why', async () => {
    const administered = await Administered.withKey();
    administered.harness.keyManager.role = 'writer';
    expect(await administered.outcome(() => administered.destroy())).toBe('destroy_needs_manager');
    expect(administered.harness.store.audits.at(-1)).toMatchObject({
      outcome: 'failure',
      reason: 'destroy_needs_manager',
      details: { step: 'withdrawn' },
    });
    await expect(administered.harness.fetch(administered.object.uniqueIdentifier)).resolves.toHaveLength(32);
  });

  describe('of a key in use', () => {
    const revoking = { revoking: true };

    it('revokes it for a reason, with its record', async () => {
      const administered = await Administered.withKey({ state: 'Active' });
      expect(await administered.revoke(5)).toMatchObject({ state: 'Deactivated', revocationReason: { code: 5 } });
      expect(administered.harness.store.audits.at(-1)).toMatchObject({
        action: 'vmware-solutions.kmip-key.revoke',
        initiator: { iamId: 'IBMid-1' },
        details: { reasonCode: 5, state: 'Deactivated' },
      });
      expect(await administered.revoke(2)).toMatchObject({ state: 'Compromised' });
      expect(await administered.outcome(() => administered.revoke(5))).toBe('revoke_wrong_state');
    });

    it('destroys it in one act that revokes it too', async () => {
      const administered = await Administered.withKey({ state: 'Active' });
      await administered.destroy(pass, administered.object.uniqueIdentifier, revoking);
      const { destroyDate } = administered.object;
      expect(administered.object).toMatchObject({
        state: 'Destroyed',
        deactivationDate: destroyDate,
        revocationReason: { code: 6 },
      });
      expect(administered.harness.keyManager.storedKeys()).toHaveLength(0);
    });

    it('leaves it active when the key manager refuses', async () => {
      const administered = await Administered.withKey({ state: 'Active' });
      const { lastChangeDate, ...before } = administered.object;
      administered.harness.keyManager.role = 'writer';
      const destroy = (): Promise<void> => administered.destroy(pass, before.uniqueIdentifier, revoking);
      expect(await administered.outcome(destroy)).toBe('destroy_needs_manager');
      expect(administered.object).toStrictEqual({ ...before, lastChangeDate });
      await expect(administered.harness.fetch(before.uniqueIdentifier)).resolves.toHaveLength(32);
    });

    it('checks the same and does nothing', async () => {
      const administered = await Administered.withKey({ state: 'Active' });
      const { administration, object, harness } = administered;
      const scope = harness.reconcileScope();
      const check = (order = {}): Promise<void> =>
        administration.checkDestruction(scope, object.uniqueIdentifier, pass, order);
      expect(await administered.outcome(() => check())).toBe('destroy_active');
      expect(await administered.outcome(() => check(revoking))).toBe('Active');
      const unbound = { ...scope, rootKeyId: 'another', keyManagerOf: () => undefined };
      const there = administration.checkDestruction(unbound, object.uniqueIdentifier, pass, revoking);
      await expect(there).rejects.toMatchObject({ failure: 'root_key_not_bound' });
      await administration.checkRevocation(harness.store, object.uniqueIdentifier, { code: 5 }, pass);
      expect(administered.object).toStrictEqual(object);
    });

    it('looks at the key in the transaction that orders its destruction', async () => {
      const administered = await Administered.withKey({ state: 'Deactivated' });
      let looks = 0;
      const renamedMeanwhile = (): void => {
        looks += 1;
        if (looks === 2) throw new Error('renamed');
      };
      await expect(administered.destroy(renamedMeanwhile)).rejects.toThrow('renamed');
      expect(administered.object.state).toBe('Deactivated');
    });
  });

  it.each(['change', 'destroy'] as const)('%s leaves the key as it is when the guard throws', async (method) => {
    const administered = await Administered.withKey();
    const before = administered.object;
    const stop = (): never => {
      throw new Error('the caller saw another revision');
    };
    const act = method === 'change' ? administered.change({ suspended: true }, stop) : administered.destroy(stop);
    await expect(act).rejects.toThrow('another revision');
    expect(administered.object).toStrictEqual(before);
    expect(administered.harness.keyManager.storedKeys()).toHaveLength(1);
  });

  it.each(['change', 'destroy'] as const)('%s says so when there is no such key', async (method) => {
    const administered = await Administered.withKey();
    const nobody = '00000000-0000-4000-8000-000000000000' as ManagedObject['uniqueIdentifier'];
    const act = method === 'change' ? administered.change({}, pass, nobody) : administered.destroy(pass, nobody);
    await expect(act).rejects.toMatchObject({ code: 'key_unknown' });
  });
});
