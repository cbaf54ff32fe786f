import { readExport } from '@lib/audit';
import { newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { type Attribute, RevocationReasonCode } from '@lib/kmip-protocol';
import { EngineHarness, exportedLines, nameAttribute, textAttribute } from '@lib/testing';

import { MAXIMUM_RECORDED_BYTES, attributesRecorded, recordedAttributes } from '../attributes/recorded-attributes';
import { KeyDestruction } from '../custody/key-destruction';
import { KeyAdministration, type KeyChange } from '../administration/key-administration';
import { trailFactsOf } from './trail-facts';

describe('an exported audit trail', () => {
  let harness: EngineHarness;
  beforeEach(() => {
    harness = new EngineHarness();
  });

  const find = (id: string) => harness.store.find(id as UniqueIdentifier);
  const trail = (lines = exportedLines(harness.store.audits)) => {
    const read = readExport(lines);
    return read.intact ? trailFactsOf(read.events) : undefined;
  };

  async function change(id: string, changes: KeyChange): Promise<void> {
    harness.clock.advance(2_000);
    const { background, instanceId, store } = harness;
    const administration = new KeyAdministration(new KeyDestruction(background), harness.clock);
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

  it('knows of a suspension that came along with a reactivation', async () => {
    const id = await harness.createKey();
    await revoke(id, RevocationReasonCode.CessationOfOperation);
    await change(id, { reactivate: true, suspended: true });
    const facts = trail();
    harness.store.forget(id as UniqueIdentifier);
    await harness.rebuild({ trail: facts! });
    expect(await find(id)).toMatchObject({ suspended: true });
  });

  it('is remembered by the key manager of keys that came back, too', async () => {
    const ids = await keysAsRevoked();
    const facts = trail();
    for (const id of Object.values(ids)) harness.store.forget(id as UniqueIdentifier);
    await harness.rebuild({ trail: facts! });
    await harness.writeNotes();
    for (const id of Object.values(ids)) harness.store.forget(id as UniqueIdentifier);
    await harness.rebuild();
    await expectAsRevoked(ids);
  });

  it.each(['restored', 'lost'])('tells what an earlier one put in force in a catalog that was %s', async (loss) => {
    const created = harness.store.backup();
    const ids = await keysAsRevoked();
    const facts = trail();
    const lose = (): void => {
      created();
      if (loss === 'lost') for (const id of Object.values(ids)) harness.store.forget(id as UniqueIdentifier);
    };
    lose();
    harness.store.audits.splice(0);
    await harness.rebuild({ trail: facts! });
    const later = trail();
    lose();
    await harness.rebuild({ trail: later! });
    await expectAsRevoked(ids);
  });

  it('says nothing when a line was changed, is missing, or the end is not the one that was kept', async () => {
    await keysAsRevoked();
    const lines = exportedLines(harness.store.audits);
    expect(trail(lines.map((line) => line.replace('kmip-key.suspend', 'kmip-key.resume')))).toBeUndefined();
    expect(trail(lines.toSpliced(3, 1))).toBeUndefined();
    expect(readExport(lines.slice(0, -1), { seq: lines.length, hash: Buffer.alloc(32) }).intact).toBe(false);
    expect(trail([])).toBeUndefined();
  });

  describe('of Names and attributes', () => {
    const named = (name: string): Attribute => {
      const { value } = nameAttribute(name);
      return { attributeName: 'Name', attributeValue: value };
    };
    const text = (attributeName: string, value: string): Attribute => ({
      attributeName,
      attributeValue: { type: 'TextString', value },
    });
    const attributesOf = async (id: string) => (await find(id))?.attributes ?? [];
    const add = (uniqueIdentifier: string, attribute: Attribute) =>
      harness.perform('AddAttribute', { uniqueIdentifier, attribute });

    /** The envelope has the first Name alone. */
    async function taggedKey(): Promise<string> {
      const id = await harness.createKey([named('payroll')]);
      await add(id, named('payroll, second disk'));
      await add(id, text('x-Name', 'payroll-01'));
      await add(id, text('x-Note', 'no\u0001 "plain" text'));
      await add(id, text('x-Note', 'another'));
      return id;
    }

    it('brings lost ones back as they were set, and says them again in the trail that goes on', async () => {
      const id = await taggedKey();
      const before = await attributesOf(id);
      const facts = trail();
      harness.store.forget(id as UniqueIdentifier);
      await harness.rebuild();
      expect(await attributesOf(id)).toHaveLength(1);
      harness.store.forget(id as UniqueIdentifier);
      await harness.rebuild({ trail: facts! });
      expect(await attributesOf(id)).toHaveLength(5);
      expect(await attributesOf(id)).toEqual(expect.arrayContaining([...before]));
      const restored = harness.store.audits.at(-1);
      expect(restored?.details).toMatchObject({ step: 'restored from the key manager' });
      expect(attributesRecorded(restored?.details)).toEqual(expect.arrayContaining([...before]));
    });

    it('adds to a restored catalog what was set since, once', async () => {
      const id = await harness.createKey([named('payroll')]);
      const backup = harness.store.backup();
      await add(id, text('x-Name', 'payroll-01'));
      const facts = trail();
      backup();
      expect((await harness.rebuild({ trail: facts!, dryRun: true })).trail?.applied).toEqual([id]);
      expect(await attributesOf(id)).toHaveLength(1);
      expect((await harness.rebuild({ trail: facts! })).trail?.applied).toEqual([id]);
      expect(await attributesOf(id)).toEqual([nameAttribute('payroll'), textAttribute('x-Name', 'payroll-01')]);
      expect((await harness.rebuild({ trail: facts! })).trail?.applied).toEqual([]);
    });

    it.each(['lost', 'there'])('leaves a Name to the key that has it since, of a row that is %s', async (row) => {
      const id = await harness.createKey();
      const backup = harness.store.backup();
      await add(id, named('payroll'));
      await add(id, text('x-Name', 'payroll-01'));
      const facts = trail();
      backup();
      if (row === 'lost') harness.store.forget(id as UniqueIdentifier);
      const other = await harness.createKey([named('payroll')]);
      await harness.rebuild({ trail: facts! });
      expect(await attributesOf(id)).toEqual([textAttribute('x-Name', 'payroll-01')]);
      expect(await attributesOf(other)).toEqual([nameAttribute('payroll')]);
      expect((await harness.rebuild({ trail: facts! })).trail?.applied).toEqual([]);
    });

    it('ends where the export was cut off', async () => {
      const id = await taggedKey();
      const facts = trail(exportedLines(harness.store.audits).slice(0, -2));
      harness.store.forget(id as UniqueIdentifier);
      await harness.rebuild({ trail: facts! });
      expect((await attributesOf(id)).map(({ name }) => name)).toEqual(['Name', 'Name', 'x-Name']);
    });

    it('takes nothing from a record that does not say it, or not as this service writes it', async () => {
      const id = await taggedKey();
      const without = harness.store.audits.map(({ details = {}, ...event }, index) => {
        const rest = Object.entries(details).filter(([name]) => name !== 'attributes');
        const broken = index % 2 === 0 ? { attributes: '[["x-Name"' } : {};
        return { ...event, details: { ...Object.fromEntries(rest), ...broken } };
      });
      const facts = trail(exportedLines(without));
      harness.store.forget(id as UniqueIdentifier);
      await harness.rebuild({ trail: facts! });
      expect(await attributesOf(id)).toEqual([nameAttribute('payroll')]);
    });

    it('gives a destroyed key none', async () => {
      const id = await harness.createKey();
      const backup = harness.store.backup();
      await add(id, named('payroll'));
      await harness.perform('Destroy', { uniqueIdentifier: id });
      const facts = trail();
      backup();
      await harness.rebuild({ trail: facts! });
      expect(await find(id)).toMatchObject({ state: 'Destroyed' });
      await expect(harness.createKey([named('payroll')])).resolves.toBeDefined();
    });

    it('records the largest value whole, and of many what fits, Names first', () => {
      const largest = textAttribute('x'.repeat(255), '\0'.repeat(4_096));
      expect(attributesRecorded(recordedAttributes([largest]))).toEqual([largest]);
      const many = Array.from({ length: 20 }, (_, index) => textAttribute(`x-${index}`, 'v'.repeat(4_096)));
      const details = recordedAttributes([...many, nameAttribute('payroll')]);
      expect(Buffer.byteLength(String(details['attributes']))).toBeLessThanOrEqual(MAXIMUM_RECORDED_BYTES);
      const [first, ...others] = attributesRecorded(details);
      expect(first).toEqual(nameAttribute('payroll'));
      expect(details['attributesLeftOut']).toBe(20 - others.length);
    });
  });
});
