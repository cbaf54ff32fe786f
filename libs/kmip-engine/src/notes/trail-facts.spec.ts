import { type AuditChainRow, type AuditEvent, auditHash, canonicalAuditEvent, readExport, toCadf } from '@lib/audit';
import { newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { RevocationReasonCode } from '@lib/kmip-protocol';
import { EngineHarness } from '@lib/testing';

import { Custodian } from '../custody/custodian';
import { KeyAdministration, type KeyChange } from '../administration/key-administration';
import { trailFactsOf } from './trail-facts';

function exported(events: readonly AuditEvent[]): string[] {
  let previousHash: Buffer = Buffer.alloc(32);
  return events.map((each, index) => {
    const [seq, event] = [index + 1, canonicalAuditEvent(each)];
    const row: AuditChainRow = {
      instanceId: each.instanceId,
      seq,
      event,
      previousHash,
      hash: auditHash(previousHash, seq, event),
    };
    previousHash = row.hash;
    return JSON.stringify(toCadf(row));
  });
}

describe('an exported audit trail', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });

  const find = (id: string) => harness.store.find(id as UniqueIdentifier);
  const trail = (lines = exported(harness.store.audits)) => {
    const read = readExport(lines);
    return read.intact ? trailFactsOf(read.events) : undefined;
  };

  async function change(id: string, changes: KeyChange): Promise<void> {
    harness.clock.advance(2_000);
    const { background, instanceId, store } = harness;
    const administration = new KeyAdministration(new Custodian(background.logger), harness.clock);
    const administrator = {
      instanceId,
      initiator: { kind: 'system', component: 'test' },
      correlationId: newCorrelationId(),
      observer: 'test',
    } as const;
    await administration.change(store, id as UniqueIdentifier, changes, administrator, () => undefined);
  }

  function revoke(uniqueIdentifier: string, code: number): Promise<unknown> {
    harness.clock.advance(2_000);
    return harness.perform('Revoke', { uniqueIdentifier, revocationReason: { revocationReasonCode: code } });
  }

  /** Each is in the trail alone: no note was ever written. */
  async function keysAsRevoked() {
    const ids = {
      suspended: await harness.createKey(),
      resumed: await harness.createKey(),
      deactivated: await harness.createKey(),
      reactivated: await harness.createKey(),
      compromised: await harness.createKey(),
    };
    await change(ids.suspended, { suspended: true });
    await change(ids.resumed, { suspended: true });
    await change(ids.resumed, { suspended: false });
    await revoke(ids.deactivated, RevocationReasonCode.CessationOfOperation);
    await revoke(ids.reactivated, RevocationReasonCode.CessationOfOperation);
    await change(ids.reactivated, { reactivate: true });
    await revoke(ids.compromised, RevocationReasonCode.KeyCompromise);
    return ids;
  }

  async function expectAsRevoked(ids: Awaited<ReturnType<typeof keysAsRevoked>>): Promise<void> {
    expect(await find(ids.suspended)).toMatchObject({ suspended: true });
    expect(await find(ids.resumed)).toMatchObject({ suspended: false, state: 'PreActive' });
    expect(await find(ids.deactivated)).toMatchObject({ state: 'Deactivated' });
    expect((await find(ids.reactivated))?.state).not.toBe('Deactivated');
    expect(await find(ids.compromised)).toMatchObject({ state: 'Compromised' });
  }

  it('brings lost keys back as they were, and lists what lies after its end', async () => {
    const ids = await keysAsRevoked();
    const facts = trail();
    const lastAt = harness.store.audits.at(-1)?.occurredAt;
    const later = await harness.createKey();
    for (const id of [...Object.values(ids), later]) harness.store.forget(id as UniqueIdentifier);
    const report = await harness.rebuild({ trail: facts! });
    expect(report.trail).toStrictEqual({ applied: [], lastSeq: facts?.lastSeq, lastAt, unknown: [later] });
    await expectAsRevoked(ids);
  });

  it('withdraws again what a restored catalog gave back, and what the key manager remembers from then on', async () => {
    const created = harness.store.backup();
    const ids = await keysAsRevoked();
    const facts = trail();
    created();
    await harness.rebuild();
    expect(await find(ids.suspended)).toMatchObject({ suspended: false });
    expect((await harness.rebuild({ trail: facts!, dryRun: true })).trail?.applied).toHaveLength(3);
    expect((await harness.rebuild({ trail: facts! })).trail?.applied).toHaveLength(3);
    await expectAsRevoked(ids);
    expect(await harness.writeNotes()).toMatchObject({ written: 3 });
    expect((await harness.rebuild({ trail: facts! })).trail?.applied).toStrictEqual([]);
  });

  it('says nothing when a line was changed, is missing, or the end is not the one that was kept', async () => {
    await keysAsRevoked();
    const lines = exported(harness.store.audits);
    expect(trail(lines.map((line) => line.replace('kmip-key.suspend', 'kmip-key.resume')))).toBeUndefined();
    expect(trail(lines.toSpliced(3, 1))).toBeUndefined();
    expect(readExport(lines.slice(0, -1), { seq: lines.length, hash: Buffer.alloc(32) }).intact).toBe(false);
    expect(trail([])).toBeUndefined();
  });
});
