import { type RequestedAttributes } from './service-instance';
import { canonicalJson, fingerprintOf, orderFingerprint } from './fingerprint';
import { readInstanceCrn, sameCrn } from './instance-identity';
import { describeKeysLeftBehind } from './keys-left-behind';
import { instanceName } from './provisioning.service';

import fc from 'fast-check';

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, reversed(item)]);
  return Object.fromEntries(entries.reverse());
};

describe('canonical form', () => {
  it('is the same whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('tells different values apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const equal = canonicalJson(a) === canonicalJson(b);
        expect(fingerprintOf(a) === fingerprintOf(b)).toBe(equal);
      }),
    );
  });
});

describe('orderFingerprint', () => {
  const attributes: RequestedAttributes = {
    parameters: { name: 'a' },
    context: { platform: 'ibmcloud', account_id: '1', crn: 'crn:x::', name: 'n', target_crn: 't' },
  };
  const changed = (changes: Partial<RequestedAttributes>): string =>
    orderFingerprint('s', 'p', { ...attributes, ...changes });
  const original = changed({});

  it.each([
    ['parameters', { parameters: { name: 'b' } }, false],
    ['account', { context: { ...attributes.context, account_id: '2' } }, false],
    ['organization', { organizationGuid: 'o' }, false],
    ['name at the platform', { context: { ...attributes.context, name: 'renamed' } }, true],
    ['deployment', { context: { ...attributes.context, target_crn: 'u' } }, true],
    ['form of the CRN', { context: { ...attributes.context, crn: 'crn:x' } }, true],
    ['absent parameter', { parameters: { name: 'a', location: undefined } }, true],
  ])('with another %s', (_what, changes, same) => {
    expect(changed(changes) === original).toBe(same);
  });

  it('differs by service and plan', () => {
    const all = new Set([original, orderFingerprint('s', 'q', attributes), orderFingerprint('r', 'p', attributes)]);
    expect(all.size).toBe(3);
  });
});

describe('instance identity', () => {
  const GUID = '0f3c1f52-6e0b-4f5e-9d0b-6f3d1b0a7c01';
  const CRN = `crn:v1:bluemix:public:kmip:us-south:a/1:${GUID}`;

  it.each([CRN, `${CRN}::`, CRN.toUpperCase().replace('CRN:V1', 'crn:v1').replace('A/1', 'a/1')])(
    'reads %s',
    (text) => {
      expect(readInstanceCrn(text)?.instanceId).toBe(GUID);
    },
  );

  it.each(['', GUID, CRN.replace(GUID, 'x'), `${CRN}:key:1`, `${CRN}\u0000`])('does not read %j', (text) => {
    expect(readInstanceCrn(text)).toBeUndefined();
  });

  it('takes the two forms for one instance, and another account for another', () => {
    expect(sameCrn(CRN, `${CRN}::`)).toBe(true);
    expect(sameCrn(CRN, CRN.replace('a/1', 'a/2'))).toBe(false);
    expect(sameCrn(CRN, CRN.replace('us-south', 'eu-de'))).toBe(false);
  });
});

describe('instanceName', () => {
  it.each([
    [{ name: 'own' }, { name: 'given' }, 'own'],
    [{}, { name: 'given' }, 'given'],
    [{}, { name: 'a\u0000b' }, undefined],
    [{}, {}, undefined],
  ])('of %j and %j', (parameters, context, name) => {
    expect(instanceName({ parameters, context })).toBe(name);
  });
});

describe('describeKeysLeftBehind', () => {
  it('says how many, where, and by which names', () => {
    const text = describeKeysLeftBehind([
      { keyManagerCrn: 'crn:a', count: 2 },
      { keyManagerCrn: 'crn:b', count: 1 },
    ]);
    expect(text).toContain('2 in crn:a; 1 in crn:b');
    expect(text).toContain('vmware_kmip_');
    expect(describeKeysLeftBehind([])).toContain('No wrapped keys are left');
  });
});
