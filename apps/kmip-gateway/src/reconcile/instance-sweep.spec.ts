import { keyProtect } from '@lib/key-protect';
import { CustodySweep, type SweepReport } from '@lib/kmip-engine';
import { type MoveStatus, type MoveTurn, type QuietSince } from '@lib/tenancy';
import { Metrics } from '@lib/observability';
import { aRootKeyBinding, EngineHarness, FakeKeyManager } from '@lib/testing';

import { hindranceText } from './hindrance-text';
import { InstanceSweep } from './instance-sweep';
import { serveMoves } from './move-metrics';

const BINDING = 'binding-1';
const PRESENT = 'binding-2';
const STALE_MS = 600_000;

/** An instance with keys under a former root key, and a record of what is asked of the binding service. */
class Swept {
  readonly harness = new EngineHarness();
  readonly present = new FakeKeyManager({ clock: this.harness.clock });
  readonly retiredAt = this.harness.clock.now();
  readonly turns: MoveTurn[] = [];
  readonly rotations: MoveTurn[] = [];
  paused = false;
  isFormer = true;
  /** Of the adapters. */
  attempt = 1;
  presentVersion = 1;
  underWay: readonly MoveStatus[] = [];
  readonly drops: QuietSince[] = [];
  readonly reports: (readonly ['rebind' | 'rotation', SweepReport])[] = [];
  readonly sweep = new InstanceSweep({
    sweep: new CustodySweep(this.harness.background, { keysPerTurn: 2, atOnce: 1 }),
    rootKeys: {
      dropRetired: (_instance, quiet, by) => {
        expect(by.initiator).toEqual({ kind: 'system', component: 'kmip-1' });
        this.drops.push(quiet);
        return Promise.resolve(0);
      },
    },
    moves: {
      note: (_instance, binding, turn) => {
        expect([BINDING, PRESENT]).toContain(binding);
        (binding === BINDING ? this.turns : this.rotations).push(turn);
        return Promise.resolve();
      },
      of: () => Promise.resolve(this.underWay),
    },
    scopeFor: (_instance, signal) => {
      const { keyManager: former } = this.harness;
      const bound = { keyManager: this.present, rootKeyId: this.present.rootKey.id };
      const { retiredAt, paused } = this;
      return Promise.resolve({
        ...this.harness.reconcileScope(),
        ...bound,
        bindingId: PRESENT,
        kind: 'key_protect',
        version: `${this.presentVersion}`,
        signal,
        keyManagerOf: (id) => (id === former.rootKey.id ? former : undefined),
        former: [
          {
            bindingId: BINDING,
            kind: 'hpcs',
            version: `${this.attempt}`,
            rootKeyId: former.rootKey.id,
            keyManager: former,
            retiredAt,
            paused,
          },
        ].filter(() => this.isFormer),
      });
    },
    clock: this.harness.clock,
    staleAfterMs: STALE_MS,
    observer: { swept: (reason, report) => this.reports.push([reason, report]) },
    component: 'kmip-1',
  });

  visit(): Promise<boolean | 'next round'> {
    return this.sweep.visit(this.harness.instanceId, new AbortController().signal);
  }
}

describe('InstanceSweep', () => {
  let swept: Swept;
  beforeEach(async () => {
    swept = new Swept();
    for (let count = 0; count < 3; count += 1) await swept.harness.createKey();
  });

  it('moves nothing until every gateway has heard of the change, and comes back for it', async () => {
    expect(await swept.visit()).toBe(true);
    expect(swept.present.storedKeys()).toHaveLength(0);
    swept.harness.clock.advance(5_000);
    expect(await swept.visit()).toBe(true);
    expect(swept.present.storedKeys()).toHaveLength(2);
  });

  it('drops the binding when no key is left, and says from when on nobody works with it', async () => {
    swept.harness.clock.advance(5_000);
    expect(await swept.visit()).toBe(true);
    expect(swept.drops).toHaveLength(0);
    expect(await swept.visit()).toBe(false);
    const now = swept.harness.clock.now().getTime();
    const creationsBefore = new Date(now - STALE_MS);
    expect(swept.drops).toStrictEqual([{ creationsBefore, retiredBefore: new Date(now - STALE_MS - 5_000) }]);
    expect(swept.turns).toStrictEqual([
      { state: 'moving', moved: 2 },
      { state: 'done', moved: 1 },
    ]);
    expect(swept.reports.filter(([reason]) => reason === 'rebind').map(([, { moved }]) => moved)).toStrictEqual([2, 1]);
  });

  it('leaves the keys where they are while the administrator wants it', async () => {
    swept.harness.clock.advance(5_000);
    swept.paused = true;
    expect(await swept.visit()).toBe(false);
    expect({ stored: swept.present.storedKeys(), turns: swept.turns }).toStrictEqual({ stored: [], turns: [] });
    // Where none is left, the binding goes.
    expect(swept.drops).toHaveLength(1);
    swept.paused = false;
    expect(await swept.visit()).toBe(true);
    expect(swept.present.storedKeys()).toHaveLength(2);
  });

  it.each<[string, (swept: Swept) => void]>([
    ['is paused', (one) => (one.paused = true)],
    ['is rolled back', (one) => (one.isFormer = false)],
    ['is to be tried again', (one) => (one.attempt += 1)],
    ['is to end at another root key', (one) => (one.presentVersion += 1)],
  ])('moves no key any more once the move %s', async (_what, change) => {
    swept.harness.clock.advance(5_000);
    const goOn = swept.present.hang('storeKey');
    const visit = swept.visit();
    while (swept.present.callsOf('storeKey').length === 0) await new Promise(setImmediate);
    change(swept);
    goOn();
    expect(await visit).toBe(true);
    expect(swept.present.storedKeys()).toHaveLength(1);
    expect(swept.turns).toStrictEqual([{ state: 'moving', moved: 1 }]);
  });

  it('writes at the binding what is in the way when that changes, and takes it back', async () => {
    swept.harness.clock.advance(5_000);
    swept.harness.keyManager.role = 'writer';
    for (let turn = 0; turn < 3; turn += 1) expect(await swept.visit()).toBe(false);
    const { rootKey } = swept.harness.keyManager;
    const message = expect.stringMatching(new RegExp(`${rootKey.id}.* Manager`)) as string;
    expect(swept.turns).toStrictEqual([
      {
        state: 'waiting',
        moved: 0,
        hindrance: { code: 'may_not_delete', rootKeyId: rootKey.id, message, retryAt: expect.any(Date) as Date },
      },
    ]);
    expect(swept.drops).toHaveLength(0);
    // How long it has been there is written too.
    swept.harness.clock.advance(60_001);
    expect(await swept.visit()).toBe(false);
    expect(swept.turns).toMatchObject([{ state: 'waiting' }, { state: 'waiting', hindrance: { message } }]);
    swept.harness.clock.advance(3_600_001);
    swept.harness.keyManager.role = 'manager';
    while (await swept.visit());
    expect(swept.turns.slice(2).every(({ hindrance }) => hindrance === undefined)).toBe(true);
    expect(swept.turns.at(-1)).toMatchObject({ state: 'done' });
  });

  it('counts moves for the operator as the tenant reads them, until there are none or nobody looks', async () => {
    const metrics = new Metrics();
    serveMoves(metrics, swept.sweep);
    const served = async () => (await metrics.text()).split('\n').filter((line) => /^kmip_key.*[1-9]\d*$/.test(line));
    const former = aRootKeyBinding(swept.harness.instanceId, { status: 'retiring' });
    const move = { binding: former, keysUnder: 3, keysLeft: 3, message: 'm' } as const;
    swept.paused = true;
    swept.underWay = [{ ...move, state: 'paused' }];
    await swept.visit();
    const counted = ['kmip_key_moves{reason="rebind",state="paused"} 1', 'kmip_keys_to_move{reason="rebind"} 3'];
    expect(await served()).toEqual(counted);
    swept.harness.clock.advance(600_001);
    expect(await served()).toEqual([]);
    await swept.visit();
    expect(await served()).toEqual(counted);
    swept.underWay = [];
    await swept.visit();
    expect(await served()).toEqual([]);
  });

  it('comes back in the next round to a rotation that was hindered, until it is done', async () => {
    swept.harness.clock.advance(5_000);
    while (await swept.visit());
    swept.present.rotate();
    swept.harness.clock.advance(6 * 3_600_000 + 1);
    swept.present.failNext('rewrap', 'rate_limited');
    expect(await swept.visit()).toBe('next round');
    expect(await swept.visit()).toBe('next round');
    swept.harness.clock.advance(60_001);
    expect(await swept.visit()).toBe(true);
    while (await swept.visit()) swept.harness.clock.advance(60_001);
    expect(await swept.visit()).toBe(false);
  });
});

describe('InstanceSweep after a rotation', () => {
  let swept: Swept;
  beforeEach(async () => {
    swept = new Swept();
    await swept.harness.createKey();
    swept.harness.clock.advance(5_000);
    while (await swept.visit());
    swept.rotations.length = 0;
    swept.present.rotate();
    swept.harness.clock.advance(6 * 3_600_000 + 1);
  });

  it('says at the binding that keys go to the newest version, and that they have arrived', async () => {
    while (await swept.visit());
    const { version } = swept.present.rootKey;
    expect(swept.rotations.at(-1)).toStrictEqual({ toVersion: version, state: 'done', moved: 1 });
    const turns = swept.rotations.length;
    swept.harness.clock.advance(6 * 3_600_000 + 1);
    while (await swept.visit());
    expect(swept.rotations.slice(turns).every(({ moved, state }) => moved === 0 && state === 'done')).toBe(true);
  });

  it('says that it begins before the first key is moved, and how many have arrived while a turn goes', async () => {
    swept = new Swept();
    for (let made = 0; made < 3; made += 1) await swept.harness.createKey();
    swept.harness.clock.advance(5_000);
    while (await swept.visit());
    swept.rotations.length = 0;
    swept.present.rotate();
    swept.harness.clock.advance(600_001);
    const goOn = swept.present.hang('rewrap');
    const visit = swept.visit();
    while (swept.present.callsOf('rewrap').length === 0) await new Promise(setImmediate);
    const { version: toVersion } = swept.present.rootKey;
    expect(swept.rotations).toStrictEqual([{ toVersion, state: 'moving', moved: 0, begins: true }]);
    swept.harness.clock.advance(1_000);
    goOn();
    await visit;
    while (await swept.visit());
    const told = swept.rotations.map(({ state, moved }) => [state, moved]);
    expect(told).toEqual([
      ['moving', 0],
      ['moving', 1],
      ['moving', 1],
      ['done', 1],
    ]);
  });

  it('says so too where another process has moved the last key and was cut off', async () => {
    while (await swept.visit());
    const successor = new Swept();
    successor.harness.clock.advance(5_000);
    while (await successor.visit());
    expect(successor.rotations).toMatchObject([{ state: 'done', moved: 0 }]);
  });

  it('takes a key manager that does not answer for no rotation', async () => {
    swept.present.failNext('describeRootKey', 'unavailable');
    expect(await swept.visit()).toBe(false);
    expect(swept.rotations).toStrictEqual([]);
  });
});

describe('what a tenant reads at a replaced root key', () => {
  const texts: readonly (readonly [Partial<SweepReport>, RegExp | undefined])[] = [
    [{}, undefined],
    [{ hindrance: 'may_not_delete' }, /Manager/],
    [{ hindrance: 'root_key_deleted' }, /shredded/],
    [{ hindrance: 'credential_rejected' }, /API key/],
    [{ hindrance: 'unavailable' }, /does not answer/],
    [{ hindrance: 'rate_limited' }, /by itself, more slowly$/],
    [{ hindrance: 'root_key_disabled', rootKeyId: 'crk-7' }, /root key crk-7 is disabled\. Enable the root key/],
    [
      { hindrance: 'refused', reasonCode: 'AUTHORIZATIONS_NOT_MET' },
      /\(AUTHORIZATIONS_NOT_MET\)\. The instance policy dualAuthDelete/,
    ],
    [{ hindrance: 'refused', reasonCode: 'CONFIG_RULE_CONFLICT_ERR' }, /\. Let the context-based restriction/],
    [
      { hindrance: 'refused', reasonCode: 'KEY_CREATE_IMPORT_ACCESS_ERR', rootKeyId: 'crk-7' },
      /crk-7.*KEY_CREATE_IMPORT_ACCESS_ERR\)\. Allow import_standard_key/,
    ],
    [
      { hindrance: 'refused', reasonCode: 'SOMETHING_NEW' },
      /\(SOMETHING_NEW\)\. Look in the key manager for what it refuses: a policy/,
    ],
    [{ hindrance: 'unsettled_moves', staying: { being_moved: 1 } }, /earlier moves/],
    [{ hindrance: 'keys_stay', staying: { stored_key_missing: 2, being_moved: 1 } }, /2 × stored_key_missing, 1 ×/],
  ];
  it.each(texts)('%j', (report, expected) => {
    const text = hindranceText({ moved: 0, state: 'waiting', ...report }, keyProtect.advice);
    if (expected === undefined) expect(text).toBeUndefined();
    else expect(text).toMatch(expected);
  });
});
