import { type InstanceId, newCorrelationId, newUniqueIdentifier, toFingerprint, toInstanceId } from '@lib/kernel';
import fc from 'fast-check';

import { canonicalAuditEvent } from './audit-chain';
import { ACTION_CODES, SHAPES, WORDS } from './audit-codes';
import { AUDIT_ACTIONS, type AuditEvent } from './audit-event';
import { packAuditEvent, packedTarget, unpackAuditEvent } from './packed-event';

const instanceId: InstanceId = toInstanceId('11111111-1111-4111-8111-111111111111');

/** As gateways record it. */
const fetched: AuditEvent = {
  instanceId,
  action: 'vmware-solutions.kmip-key.read',
  occurredAt: new Date('2026-11-23T10:00:00.123Z'),
  initiator: {
    kind: 'certificate',
    fingerprint: toFingerprint('ab'.repeat(32)),
    name: 'vcenter-01',
    address: '192.0.2.1',
  },
  outcome: 'success',
  target: { kind: 'key', id: newUniqueIdentifier() },
  correlationId: newCorrelationId(),
  latencyMs: 187,
  observer: 'endpoint-1',
  details: { state: 'Active', rootKeyVersion: '6a1f3c1e-0b6b-4f3c-9d58-0c6a1d3a7f10' },
};

const again = (text: string, instance: string = instanceId): string =>
  unpackAuditEvent(packAuditEvent(text, instance), instance);

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(...WORDS, ...AUDIT_ACTIONS, instanceId, 'ab'.repeat(32), 'AB'.repeat(32), '', '__proto__', '1'),
  fc.uuid(),
  fc.ipV4(),
  fc.ipV6(),
  fc.string({ minLength: 120, maxLength: 300 }),
);
const anyEvent = fc.record(
  {
    action: fc.oneof(fc.constantFrom(...AUDIT_ACTIONS), anyText),
    correlationId: anyText,
    details: fc.dictionary(anyText, fc.oneof(anyText, fc.double(), fc.integer(), fc.boolean(), fc.constant(null))),
    initiator: fc.record(
      { address: anyText, fingerprint: anyText, kind: anyText, name: anyText },
      { requiredKeys: [] },
    ),
    instanceId: fc.oneof(fc.constant(instanceId), anyText),
    latencyMs: fc.oneof(fc.nat(), fc.double()),
    observer: anyText,
    occurredAt: fc.oneof(
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      anyText,
      fc.jsonValue(),
    ),
    outcome: anyText,
    reason: anyText,
    target: fc.oneof(fc.record({ id: fc.oneof(anyText, fc.jsonValue()), kind: anyText }), fc.jsonValue()),
  },
  { requiredKeys: [] },
);

describe('a packed event', () => {
  it('is the text again that it was, of every event', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const text = JSON.stringify(event);
        expect(again(text)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the text again that it was, of anything else', () => {
    const json = fc.json();
    const cut = fc
      .tuple(anyEvent, fc.nat())
      .map(([event, at]) => Buffer.from(JSON.stringify(event).slice(0, at % 400)).toString());
    fc.assert(
      fc.property(fc.oneof(json, cut, anyText), (text) => {
        expect(again(text)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '{"a":1,"a":2}',
    '{ "action": "x" }',
    '{"occurredAt":{"toString":1}}',
    '{"action":"toString"}',
    '{"action":-0}',
    '{"latencyMs":1e3}',
    '{"target":{"id":"abcdefghijklmnop"}}',
    '{"id,kind":1}',
    '{"__proto__":{"id":1,"kind":"x"}}',
    '{"b":1,"1":2}',
    `{"address":"${'1'.repeat(70_000)}"}`,
    '{"address":"192.0.2.01"}',
    '{"address":"192.0.2.1."}',
    String.raw`{"name":"\u0041"}`,
    String.raw`{"name":"\ud800"}`,
    '[]',
    'null',
  ])('keeps %p to the letter', (text) => {
    expect(again(text)).toBe(text);
  });

  it('is small', () => {
    expect(packAuditEvent(canonicalAuditEvent(fetched), instanceId).length).toBeLessThanOrEqual(145);
  });

  it('says at fixed places what is searched by', () => {
    const packed = packAuditEvent(canonicalAuditEvent({ ...fetched, outcome: 'failure' }), instanceId);
    expect(Number(packed.readBigInt64BE(1))).toBe(fetched.occurredAt.getTime());
    expect([packed.readUInt16BE(9), packed[11], packed[12]]).toEqual([2, 1, 16]);
    expect(packed.subarray(13, 29)).toEqual(packedTarget(fetched.target!.id));
  });

  it('of a form that is not known, or damaged, is not guessed', () => {
    const packed = packAuditEvent(canonicalAuditEvent(fetched), instanceId);
    expect(() => unpackAuditEvent(Buffer.concat([Buffer.of(9), packed.subarray(1)]), instanceId)).toThrow('form 9');
    expect(() => unpackAuditEvent(packed.subarray(0, 60), instanceId)).toThrow();
  });

  /** Records in databases are read by these: what is here may be added to, and never be changed. */
  it('is read by codes that stay what they are', () => {
    expect(new Set(Object.values(ACTION_CODES)).size).toBe(AUDIT_ACTIONS.length);
    expect(WORDS.slice(0, 54).join(' ')).toMatchInlineSnapshot(
      `"success failure certificate user system key instance root-key credential kmip-credential Active PreActive Deactivated Compromised Destroyed DestroyedCompromised action correlationId details initiator instanceId latencyMs observer occurredAt outcome reason target address fingerprint iamId component kind name id state step facts operation rootKeyVersion rootKeyId storedKeys algorithm length attribute returned reasonCode count first last fromVersion toVersion keyManagerCrn Query DiscoverVersions"`,
    );
    expect(SHAPES.slice(0, 22).map((names) => names.join(' '))).toMatchInlineSnapshot(`
      [
        "action correlationId details initiator instanceId latencyMs observer occurredAt outcome target",
        "action correlationId details initiator instanceId latencyMs observer occurredAt outcome reason target",
        "action correlationId details initiator instanceId latencyMs observer occurredAt outcome",
        "action correlationId details initiator instanceId latencyMs observer occurredAt outcome reason",
        "action correlationId initiator instanceId latencyMs observer occurredAt outcome target",
        "action correlationId initiator instanceId latencyMs observer occurredAt outcome reason target",
        "action correlationId initiator instanceId latencyMs observer occurredAt outcome",
        "action correlationId details initiator instanceId observer occurredAt outcome target",
        "action correlationId details initiator instanceId observer occurredAt outcome reason target",
        "address fingerprint kind name",
        "address fingerprint kind",
        "fingerprint kind name",
        "fingerprint kind",
        "address iamId kind name",
        "address iamId kind",
        "iamId kind",
        "component kind",
        "id kind",
        "id kind name",
        "rootKeyVersion state",
        "operation",
        "step",
      ]
    `);
    expect(
      Object.entries(ACTION_CODES)
        .filter(([, code]) => code < 50)
        .map(([name, code]) => `${name} ${code}`),
    ).toMatchInlineSnapshot(`
      [
        "vmware-solutions.kmip-key.create 1",
        "vmware-solutions.kmip-key.read 2",
        "vmware-solutions.kmip-key.activate 3",
        "vmware-solutions.kmip-key.revoke 4",
        "vmware-solutions.kmip-key.destroy 5",
        "vmware-solutions.kmip-key.locate 6",
        "vmware-solutions.kmip-key-attributes.retrieve 7",
        "vmware-solutions.kmip-key-attributes.add 8",
        "vmware-solutions.kmip-key.update 9",
        "vmware-solutions.kmip-key.suspend 10",
        "vmware-solutions.kmip-key.resume 11",
        "vmware-solutions.kmip-key.reactivate 12",
        "vmware-solutions.kmip-key.rewrap 13",
        "vmware-solutions.kmip-key.reconcile 14",
        "vmware-solutions.kmip-key.purge 15",
        "vmware-solutions.kmip-key.list 16",
        "vmware-solutions.kmip-key.describe 17",
        "vmware-solutions.kmip-server.query 18",
        "vmware-solutions.kmip-server.refuse 19",
        "vmware-solutions.instance.read 20",
        "vmware-solutions.instance.create 21",
        "vmware-solutions.instance.update 22",
        "vmware-solutions.instance.enable 23",
        "vmware-solutions.instance.disable 24",
        "vmware-solutions.instance.delete 25",
        "vmware-solutions.certificate.read 26",
        "vmware-solutions.certificate.create 27",
        "vmware-solutions.certificate.update 28",
        "vmware-solutions.certificate.delete 29",
        "vmware-solutions.certificate.expire 30",
        "vmware-solutions.certificate.prove 31",
        "vmware-solutions.certificate.displace 32",
        "vmware-solutions.kmip-credential.read 33",
        "vmware-solutions.kmip-credential.create 34",
        "vmware-solutions.kmip-credential.delete 35",
        "vmware-solutions.root-key.read 36",
        "vmware-solutions.root-key.check 37",
        "vmware-solutions.root-key.set 38",
        "vmware-solutions.root-key.unset 39",
        "vmware-solutions.root-key.move 40",
        "vmware-solutions.credential.read 41",
        "vmware-solutions.credential.set 42",
        "vmware-solutions.credential.unset 43",
        "vmware-solutions.key-manager.list 44",
        "vmware-solutions.audit.read 45",
        "vmware-solutions.usage.read 46",
        "vmware-solutions.diagnosis.read 47",
        "vmware-solutions.claim.create 48",
        "vmware-solutions.claim.delete 49",
      ]
    `);
    expect(WORDS.length).toBeLessThanOrEqual(0x50);
    expect(SHAPES.length).toBeLessThanOrEqual(0x20);
  });
});
