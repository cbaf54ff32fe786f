import { CRYPTO_MANAGER_METHODS, FAULT_PARENTS } from '@lib/vi-json';

import { METHODS } from '../src/methods/table';
import { type Member } from '../src/vim/type-table';
import { ENUM_NAMES, VIM25 } from '../src/vim/vim25';
import { askPyVmomi, type PeerMember, type PeerTypes, whyNoPyVmomi } from './pyvmomi.fixture';

const missing = whyNoPyVmomi();
if (missing !== undefined) process.stdout.write(`${missing}: its opinion of our types is not asked\n`);
const describeWithPyVmomi = missing === undefined ? describe : describe.skip;

/** Names that pyVmomi has for what is text on the wire, or folds into what it stands for. */
const SAME: Readonly<Record<string, string>> = {
  ManagedMethod: 'string',
  PropertyPath: 'string',
  TypeName: 'string',
  URI: 'string',
  type: 'string',
  LocalizedMethodFault: 'MethodFault',
};
const plain = (type: string): string => SAME[type] ?? type;

/** What 6.7's pyVmomi has as required and later releases as optional (types.go), or has under SOAP alone. */
const LATER_OPTIONAL = new Set(['NoPermission.object', 'NoPermission.privilegeId']);
/** pyVmomi has no wrapper around a fault: it hands out the fault itself. */
const FOLDED = new Set(['LocalizedMethodFault']);

describeWithPyVmomi('pyVmomi, which knows vim25 of 6.7', () => {
  let peer: PeerTypes;
  const older = (members: readonly Member[]): readonly Member[] => members.filter(({ since }) => since === undefined);

  beforeAll(() => {
    peer = askPyVmomi({
      types: VIM25.types.map(({ name }) => name),
      enums: ENUM_NAMES,
      methods: METHODS.map(({ type, name }) => `${type}.${name}`),
    });
  });

  const told = ({ name, type, array, optional }: PeerMember): PeerMember => ({
    name,
    type: plain(type),
    array,
    optional,
  });

  it.each(VIM25.types.filter(({ name }) => !FOLDED.has(name)).map((type) => [type.name, type] as const))(
    '%s',
    (name, type) => {
      const theirs = peer.types[name];
      if (theirs === null || theirs === undefined) {
        // Newer than 6.7: then every member says since when it is there.
        expect(older(type.own)).toEqual([]);
        return;
      }
      const shown = (member: PeerMember): PeerMember => {
        const later = LATER_OPTIONAL.has(`${name}.${member.name}`);
        return { ...told(member), ...(later && { optional: true }) };
      };
      const known = new Map(theirs.members.map((member) => [member.name, shown(member)]));
      for (const member of older(type.own)) expect(told(member)).toEqual(known.get(member.name));
      const ours = new Set(type.own.map((member) => member.name));
      const lacking = [...known.values()].filter((member) => !member.optional && !ours.has(member.name));
      expect(lacking.map((member) => `${name}.${member.name}`)).toEqual([]);
      // Of the SOAP layer's own types it has another root.
      expect(theirs.base.replace('DataObject', 'DynamicData')).toBe(type.base ?? 'DynamicData');
    },
  );

  it.each(ENUM_NAMES.map((name) => [name] as const))('values of %s', (name) => {
    const theirs = peer.enums[name];
    if (theirs !== null && theirs !== undefined)
      expect([...(VIM25.valuesOf(name) ?? [])].sort()).toEqual(theirs.toSorted());
  });

  it.each(METHODS.map((method) => [`${method.type}.${method.name}`, method] as const))('%s', (name, method) => {
    const theirs = peer.methods[name];
    if (theirs === null || theirs === undefined) {
      expect(method.since >= '6.7.2').toBe(true);
      return;
    }
    expect(older(method.parameters).map(told)).toEqual(theirs.parameters.map(told));
    if (method.privilege !== undefined) expect(method.privilege).toBe(theirs.privilege);
    // Of machines it declares many that have nothing to do with keys.
    if (method.type !== 'CryptoManagerKmip') return;
    expect(theirs.faults.filter((fault) => !method.faults.includes(fault))).toEqual([]);
  });
});

it('the library of the client has the same privileges, versions and fault parents', () => {
  const crypto = METHODS.filter(({ name }) => Object.hasOwn(CRYPTO_MANAGER_METHODS, name));
  expect(Object.fromEntries(crypto.map(({ name, since, privilege }) => [name, { since, privilege }]))).toEqual(
    CRYPTO_MANAGER_METHODS,
  );
  const served = Object.keys(FAULT_PARENTS).filter((name) => VIM25.find(name) !== undefined);
  expect(served.map((name) => [name, VIM25.find(name)?.base ?? null])).toEqual(
    served.map((name) => [name, FAULT_PARENTS[name as keyof typeof FAULT_PARENTS]]),
  );
});
