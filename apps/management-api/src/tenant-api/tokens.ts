/** Injection tokens of what the controllers need beside classes of the libs. */
export const KEY_ACCESS = Symbol('KEY_ACCESS');
export const AUDIT_HEADS = Symbol('AUDIT_HEADS');
