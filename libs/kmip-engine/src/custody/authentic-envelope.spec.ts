import fc from 'fast-check';
import { Secret, toInstanceId, type UniqueIdentifier } from '@lib/kernel';
import {
  envelopeOf,
  type KeyCustody,
  OperationFailure,
  parseEnvelope,
  serializeEnvelope,
  type StoredEnvelope,
} from '@lib/kmip-engine';
import { aManagedObject, attribute, EngineHarness, nameValue } from '@lib/testing';

import { authenticityOf } from './authentic-envelope';
import { readAsBefore } from './envelope-of-release-1.fixture';

const CALL = { correlationId: 'test' as never };
const VM = 'payroll-database-01';

const without = (fields: object, ...names: readonly string[]): object =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** One key of one tenant, and its stored key. */
class Stage {
  readonly harness = new EngineHarness();
  readonly keyManager = this.harness.keyManager;
  id!: string;
  key!: Buffer;

  async create(): Promise<this> {
    this.id = await this.harness.createKey([
      attribute('Name', nameValue(VM)),
      attribute('x-Vendor', { type: 'TextString', value: VM }),
      attribute('Activation Date', { type: 'DateTime', value: 1_700_000_000n }),
    ]);
    this.key = await this.harness.fetch(this.id);
    return this;
  }

  get storedKeyId(): string {
    return this.harness.store.objects()[0]!.custody!.storedKeyId;
  }

  async payload(): Promise<Buffer> {
    return this.keyManager.fetchKey(CALL, this.storedKeyId);
  }

  async rewrite(change: (envelope: StoredEnvelope) => object): Promise<void> {
    const changed = change(parseEnvelope(await this.payload())) as StoredEnvelope;
    this.keyManager.replacePayload(this.storedKeyId, serializeEnvelope(changed));
  }

  /** As a release before stored it, and its catalog knew it. */
  async age(): Promise<void> {
    await this.rewrite((envelope) => without(envelope, 'mac', 'createdBy', 'attributes', 'dates'));
    const [object] = this.harness.store.objects();
    this.harness.store.overwrite({ ...object!, custody: without(object!.custody!, 'authenticated') as KeyCustody });
  }

  refusal() {
    return this.harness.refusal('Get', { uniqueIdentifier: this.id });
  }
}

describe('an envelope', () => {
  it('is read by the release before, which finds in it all it knows', async () => {
    const stage = await new Stage().create();
    const read = readAsBefore(await stage.payload());
    expect(read).toMatchObject({ v: 1, uniqueIdentifier: stage.id, algorithm: 3, length: 256, usageMask: 12 });
    // What that release writes when it moves the key: everything it read, with another wrapping.
    await stage.rewrite(() => ({ ...read, rootKeyVersion: 'moved' }));
    expect(await stage.harness.fetch(stage.id)).toStrictEqual(stage.key);
  });

  it('of a symmetric key is the same bytes in every release', () => {
    const object = aManagedObject({
      uniqueIdentifier: '11111111-1111-4111-8111-111111111111' as UniqueIdentifier,
      activationDate: new Date('2026-11-24T12:00:01.000Z'),
      digest: Buffer.alloc(32, 2),
    });
    const wrapping = { rootKeyId: 'root-key', rootKeyVersion: '1', ciphertext: 'wrapped' };
    const envelope = envelopeOf(
      toInstanceId('22222222-2222-4222-8222-222222222222'),
      object,
      wrapping,
      Secret.of(Buffer.alloc(32, 1)),
    );
    // In two parts, as no key of anybody's stands in a file.
    const mac = ['Rq7pg2899XFQ7jR', '+i2MKRIv1JeKV9H5aiZ7vbzS550='].join('/');
    expect(serializeEnvelope(envelope).toString('utf8')).toBe(
      [
        '{"v":1,"instanceId":"22222222-2222-4222-8222-222222222222"',
        '"uniqueIdentifier":"11111111-1111-4111-8111-111111111111","objectType":2,"algorithm":3,"length":256,"usageMask":12',
        `"created":"2026-11-24T12:00:00.000Z","digest":"${'02'.repeat(32)}"`,
        `"rootKeyId":"root-key","rootKeyVersion":"1","ciphertext":"wrapped","createdBy":"${'ab'.repeat(32)}"`,
        `"dates":{"activationDate":"2026-11-24T12:00:01.000Z"},"mac":"${mac}"}`,
      ].join(','),
    );
  });

  it('is not written for a kind that only a later release knows', () => {
    const object = { ...aManagedObject(), objectType: 99 as never };
    const wrapping = { rootKeyId: 'root-key', rootKeyVersion: '1', ciphertext: 'wrapped' };
    const write = () =>
      envelopeOf(toInstanceId('22222222-2222-4222-8222-222222222222'), object, wrapping, Secret.of(Buffer.alloc(32)));
    expect(write).toThrow(new OperationFailure('object_type_not_supported'));
  });

  it('names no virtual machine, and no key derived for it', async () => {
    const stage = await new Stage().create();
    const text = (await stage.payload()).toString('utf8');
    expect(text).not.toContain(VM);
    expect(text).not.toContain(Buffer.from(VM).toString('base64'));
    expect(JSON.stringify(stage.harness.logs)).not.toContain(VM);
  });

  it('fits a key manager however many attributes there are, the Name among them', async () => {
    const stage = new Stage();
    const many = Array.from({ length: 50 }, (_, index) =>
      attribute(`x-${String(index)}`, { type: 'TextString', value: 'a'.repeat(200) }),
    );
    await stage.harness.createKey([...many, attribute('Name', nameValue(VM))]);
    expect((await stage.payload()).length).toBeLessThan(7_500);
    const { before, after } = await rebuilt(stage.harness);
    expect(after!.attributes.length).toBeLessThan(before!.attributes.length);
    expect(after!.attributes.map(({ name }) => name)).toContain('Name');
  });

  it('gives back attributes, dates and creator to a rebuild', async () => {
    const stage = await new Stage().create();
    const { before, after } = await rebuilt(stage.harness);
    expect(after).toMatchObject({
      attributes: before!.attributes,
      createdBy: before!.createdBy,
      activationDate: before!.activationDate,
    });
  });

  it('is genuine for its key alone', async () => {
    const stage = await new Stage().create();
    const envelope = parseEnvelope(await stage.payload());
    expect(authenticityOf(envelope, Secret.of(Buffer.from(stage.key)))).toBe('genuine');
    expect(authenticityOf(envelope, Secret.of(Buffer.alloc(32)))).toBe('forged');
  });

  it('authenticates every field but what a move changes, fields it does not know included', async () => {
    const stage = await new Stage().create();
    const envelope = parseEnvelope(await stage.payload());
    const material = Secret.of(Buffer.from(stage.key));
    const covered = Object.keys(envelope).filter(
      (name) => !['mac', 'ciphertext', 'rootKeyId', 'rootKeyVersion'].includes(name),
    );
    expect(covered.length).toBeGreaterThan(10);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...covered),
          fc.string({ minLength: 1 }).filter((name) => !(name in envelope)),
        ),
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.dictionary(fc.string(), fc.string())),
        (name, value) => {
          const changed = { ...envelope, [name]: value };
          const same = JSON.stringify(changed) === JSON.stringify(envelope);
          expect(authenticityOf(changed, material)).toBe(same ? 'genuine' : 'forged');
        },
      ),
    );
    for (const name of covered) {
      expect(authenticityOf(without(envelope, name) as StoredEnvelope, material)).toBe('forged');
    }
    const moved = { ...envelope, ciphertext: 'x', rootKeyId: 'y', rootKeyVersion: 'z' };
    expect(authenticityOf(moved, material)).toBe('genuine');
    const reordered = Object.fromEntries(Object.entries(envelope).reverse()) as unknown as StoredEnvelope;
    expect(authenticityOf(reordered, material)).toBe('genuine');
  });
});

describe('Get of a key whose stored key was changed by somebody else', () => {
  it.each<[string, (envelope: StoredEnvelope) => object]>([
    ['a fact', (envelope) => ({ ...envelope, usageMask: 1 })],
    ['its proof', (envelope) => ({ ...envelope, mac: 'AAAA' })],
    ['an additional field', (envelope) => ({ ...envelope, later: 1 })],
    ['the proof left out', (envelope) => without(envelope, 'mac')],
  ])('is refused with an alarm: %s', async (_, change) => {
    const alarms: string[] = [];
    const stage = new Stage();
    const harness = new EngineHarness({
      dependencies: {
        metrics: { observeOperation: () => undefined, custodyAlarm: (alarm) => alarms.push(alarm) },
      },
    });
    Object.assign(stage, { harness, keyManager: harness.keyManager });
    await stage.create();
    await stage.rewrite(change);
    expect(await stage.refusal()).toStrictEqual({ reason: 'CryptographicFailure', code: 'stored_key_forged' });
    expect(alarms).toEqual(['stored_key_forged']);
    expect(harness.store.audits.at(-1)).toMatchObject({ outcome: 'failure', reason: 'stored_key_forged' });
  });

  it('is refused when it is whole and says something else than the catalog', async () => {
    const stage = await new Stage().create();
    const [object] = stage.harness.store.objects();
    stage.harness.store.overwrite({ ...object!, cryptographicUsageMask: 3 });
    // What was read of the catalog before is not believed for longer.
    stage.harness.clock.advance(31_000);
    expect(await stage.refusal()).toMatchObject({ code: 'stored_key_forged' });
  });
});

describe('an envelope of a release that did not authenticate', () => {
  it('is served', async () => {
    const stage = await new Stage().create();
    await stage.age();
    expect(await stage.harness.fetch(stage.id)).toStrictEqual(stage.key);
  });

  it('is written anew from the catalog with the next move, and not accepted without proof from then on', async () => {
    const stage = await new Stage().create();
    await stage.age();
    await stage.rewrite((envelope) => ({ ...envelope, usageMask: 1 }));
    stage.keyManager.rotate();
    await stage.harness.moveToNewest();
    const envelope = parseEnvelope(await stage.payload());
    expect(envelope).toMatchObject({ usageMask: 12, rootKeyVersion: stage.keyManager.rootKey.version });
    expect(authenticityOf(envelope, Secret.of(Buffer.from(stage.key)))).toBe('genuine');
    expect(stage.harness.store.objects()[0]?.custody).toMatchObject({ authenticated: true });
    expect(await stage.harness.fetch(stage.id)).toStrictEqual(stage.key);
    await stage.rewrite((written) => without(written, 'mac'));
    expect(await stage.refusal()).toMatchObject({ code: 'stored_key_forged' });
  });
});

/** The row before its loss, and after a rebuild of the catalog. */
async function rebuilt(harness: EngineHarness) {
  const [before] = harness.store.objects();
  harness.store.forget(before!.uniqueIdentifier);
  await harness.rebuild();
  return { before, after: await harness.store.find(before!.uniqueIdentifier) };
}
