import { FAULT_PARENTS, isFaultOf } from './faults';
import { box, isReference, reference, unbox } from './values';

describe('faults of vim25', () => {
  it('are of their own type and of every one above', () => {
    expect(isFaultOf('NotAuthenticated', 'NoPermission')).toBe(true);
    expect(isFaultOf('NotAuthenticated', 'RuntimeFault')).toBe(true);
    expect(isFaultOf('NoPermission', 'NotAuthenticated')).toBe(false);
    expect(isFaultOf('EncryptionKeyRequired', 'InvalidState')).toBe(true);
  });

  it('of an unknown type are of no other', () => {
    expect(isFaultOf('SomethingOf91', 'MethodFault')).toBe(false);
    expect(isFaultOf('constructor', 'MethodFault')).toBe(false);
  });

  it('all end in MethodFault', () => {
    for (const name of Object.keys(FAULT_PARENTS)) expect(isFaultOf(name, 'MethodFault')).toBe(true);
  });
});

describe('values where the type is Any', () => {
  it('come out of their box, and stay as they are without one', () => {
    expect(unbox(box('string', 'x'))).toBe('x');
    expect(unbox(box('boolean', false))).toBe(false);
    expect(unbox(7)).toBe(7);
    const key = { _typeName: 'CryptoKeyId', keyId: 'k' };
    expect(unbox(key)).toBe(key);
  });

  it('are references in both forms', () => {
    const vm = reference('VirtualMachine', 'vm-1');
    expect(isReference(unbox(vm))).toBe(true);
    expect(isReference(unbox(box('ManagedObjectReference', { type: 'VirtualMachine', value: 'vm-1' })))).toBe(true);
  });
});
