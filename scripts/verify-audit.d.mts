/** Exit status 1: something was changed. */
export class Tampered extends Error {}

/** Exit status 2: it could not be checked. */
export class Unusable extends Error {}

export function verifyAudit(args: readonly string[]): readonly string[];
