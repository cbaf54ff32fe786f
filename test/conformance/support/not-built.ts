/** Operations of KMIP 1.x whose payloads the protocol library leaves alone, and why. Messages with them are counted. */
export const NOT_BUILT: Readonly<Record<string, string>> = {
  CreateKeyPair: 'asymmetric keys are not served',
  Register: 'keys are born in the key manager only',
  ReKey: 'vCenter re-encrypts with a new Create; rotation of root keys is no KMIP operation',
  ReKeyKeyPair: 'asymmetric keys are not served',
  DeriveKey: 'no server-side cryptography',
  Certify: 'certificates are not served',
  ReCertify: 'certificates are not served',
  Check: 'no usage limits or leases',
  ModifyAttribute: 'not sent by VMware',
  DeleteAttribute: 'not sent by VMware',
  ObtainLease: 'no usage limits or leases',
  GetUsageAllocation: 'no usage limits or leases',
  Archive: 'no archive',
  Recover: 'no archive',
  Cancel: 'nothing is done asynchronously',
  Poll: 'nothing is done asynchronously',
  Notify: 'no server-to-client operations',
  Put: 'no server-to-client operations',
  Encrypt: 'no server-side cryptography',
  Decrypt: 'no server-side cryptography',
  Sign: 'no server-side cryptography',
  SignatureVerify: 'no server-side cryptography',
  MAC: 'no server-side cryptography',
  MACVerify: 'no server-side cryptography',
  RNGRetrieve: 'no server-side cryptography',
  RNGSeed: 'no server-side cryptography',
  Hash: 'no server-side cryptography',
  CreateSplitKey: 'split keys are not served',
  JoinSplitKey: 'split keys are not served',
  Import: 'keys are born in the key manager only',
  Export: 'Get serves keys; an export of a wrapped key is not offered',
};

/** Files that no reader can take, by base name, and why. */
export const FAULTY_FILES: Readonly<Record<string, string>> = {
  'TC-ECDSA-SIGN-1-14.xml': 'not well-formed: the root is closed twice',
};
