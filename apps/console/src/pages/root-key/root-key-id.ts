/** The last segment of its CRN. */
export const rootKeyIdOf = (crn: string): string => crn.split(':').at(-1) ?? crn;

const ROOT_KEY_CRN =
  /^crn:v1:[a-z0-9-]*:[a-z0-9-]*:(kms|hs-crypto):[a-z0-9-]+:a\/[0-9a-f]{32}:[-0-9a-f]{36}:key:[-0-9a-f]{36}$/;

/** Whether a text is worth sending: the service judges it again. */
export const isRootKeyCrn = (text: string): boolean => ROOT_KEY_CRN.test(text.trim());
