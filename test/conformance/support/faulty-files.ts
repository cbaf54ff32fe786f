/** Files that no reader can take, by base name, and why. */
export const FAULTY_FILES: Readonly<Record<string, string>> = {
  'TC-ECDSA-SIGN-1-14.xml': 'not well-formed: the root is closed twice',
};
