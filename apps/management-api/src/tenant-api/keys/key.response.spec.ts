import { aManagedObject } from '@lib/testing';

import { keyResponse } from './key.response';

const NOTHING_KNOWN = { lost: new Map(), rootKeys: new Map(), bindings: [] };
const DAY_MS = 86_400_000;
const destroyDate = new Date('2026-01-01T00:00:00Z');
const after = (days: number): Date => new Date(destroyDate.getTime() + days * DAY_MS);

const recoveryAt = (now: Date, facts: object): unknown => {
  const key = { ...aManagedObject(), ...facts };
  const body = keyResponse(key, { href: 'https://x', now, certificateNames: new Map(), serving: NOTHING_KNOWN });
  return 'recovery' in body ? body.recovery : undefined;
};

describe('what is said of the recovery of a key', () => {
  const destroyed = { state: 'Destroyed', destroyDate, recoverableUntil: after(29) };

  it('is nothing while it is not destroyed', () => {
    expect(recoveryAt(after(0), {})).toBeUndefined();
  });

  it.each([
    [0, true],
    [28.9, true],
    [29, false],
    [400, false],
  ])('after %d days: %s', (days, possible) => {
    expect(recoveryAt(after(days), destroyed)).toEqual({ possible, until: after(29).toISOString() });
  });

  it('is that nothing can be restored once it was purged', () => {
    const purgedAt = after(1);
    const until = purgedAt.toISOString();
    expect(recoveryAt(after(2), { ...destroyed, purgedAt })).toEqual({ possible: false, until, purged_at: until });
  });

  it('follows from the Destroy Date where a release before destroyed it', () => {
    expect(recoveryAt(after(29), { state: 'Destroyed', destroyDate })).toEqual({
      possible: true,
      until: after(30).toISOString(),
    });
  });
});
