import { isRootKeyCrn, rootKeyIdOf } from './root-key-id';

const CRN =
  'crn:v1:bluemix:public:kms:us-south:a/1c8ae972c35e470d994b6faff9494ce1:ed20abbe-8870-44e6-90f7-56d764c21127:key:5a1b3d1c-0a01-4f0c-9f0e-2f0c7e9f6a2e';

it('knows the CRN of a root key from others', () => {
  expect(isRootKeyCrn(CRN)).toBe(true);
  expect(isRootKeyCrn(` ${CRN.replace(':kms:', ':hs-crypto:')}\n`)).toBe(true);
  expect(isRootKeyCrn(CRN.replace(/:key:.*/, '::'))).toBe(false);
  expect(isRootKeyCrn(CRN.replace(':kms:', ':cloud-object-storage:'))).toBe(false);
  expect(rootKeyIdOf(CRN)).toBe('5a1b3d1c-0a01-4f0c-9f0e-2f0c7e9f6a2e');
});
