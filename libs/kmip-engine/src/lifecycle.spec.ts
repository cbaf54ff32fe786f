import { OperationFailure, type CommonFields, type ManagedObject, type StoredState } from '@lib/kmip-engine';
import { RevocationReasonCode } from '@lib/kmip-protocol';
import { aManagedObject } from '@lib/testing';

import {
  activate,
  completeDestruction,
  requestDestruction,
  revoke,
  settleDates,
  stateAt,
  transitions,
  withdrawDestruction,
} from './lifecycle';

const NOW = new Date('2026-11-24T12:00:00.700Z');
const WHOLE = new Date('2026-11-24T12:00:00.000Z');
const minutes = (count: number): Date => new Date(WHOLE.getTime() + count * 60_000);

const states = Object.keys(transitions) as StoredState[];

/** The code of the failure, or the state the object came to. */
function outcome(run: () => ManagedObject): string {
  try {
    return run().state;
  } catch (error) {
    if (error instanceof OperationFailure) return error.failure;
    throw error;
  }
}

/** KMIP 1.4 §3.22, figure and transition list, plus our documented Pre-Active to Deactivated. */
const table: readonly (readonly [StoredState, string, string, string, string])[] = [
  // state, Activate, Revoke (unspecified), Revoke (compromise), Destroy
  ['PreActive', 'Active', 'Deactivated', 'Compromised', 'Destroyed'],
  ['Active', 'activate_wrong_state', 'Deactivated', 'Compromised', 'destroy_active'],
  ['Deactivated', 'activate_wrong_state', 'revoke_wrong_state', 'Compromised', 'Destroyed'],
  ['Compromised', 'activate_wrong_state', 'revoke_wrong_state', 'revoke_wrong_state', 'DestroyedCompromised'],
  ['Destroyed', 'activate_wrong_state', 'revoke_wrong_state', 'DestroyedCompromised', 'already_destroyed'],
  ['DestroyedCompromised', 'activate_wrong_state', 'revoke_wrong_state', 'revoke_wrong_state', 'already_destroyed'],
];

describe('states of a key', () => {
  it('has a row for every state', () => {
    expect(table.map(([state]) => state)).toStrictEqual(states);
  });

  it.each(table)(
    '%s: Activate %s, Revoke %s or %s, Destroy %s',
    (state, activated, revoked, compromised, destroyed) => {
      const object = aManagedObject({ state });
      expect(outcome(() => activate(object, NOW))).toBe(activated);
      expect(outcome(() => revoke(object, { code: RevocationReasonCode.Unspecified }, NOW))).toBe(revoked);
      expect(outcome(() => revoke(object, { code: RevocationReasonCode.KeyCompromise }, NOW))).toBe(compromised);
      expect(outcome(() => completeDestruction(requestDestruction(object, NOW), NOW, NOW))).toBe(destroyed);
    },
  );

  it('sets the dates of each transition, in whole seconds', () => {
    const born = aManagedObject({ initialDate: minutes(-60) });
    expect(activate(born, NOW)).toMatchObject({ activationDate: WHOLE, lastChangeDate: WHOLE });
    expect(revoke(born, { code: 1, message: 'rest' }, NOW)).toMatchObject({
      deactivationDate: WHOLE,
      revocationReason: { code: 1, message: 'rest' },
      lastChangeDate: WHOLE,
    });
    expect(revoke(born, { code: 3 }, NOW)).toMatchObject({
      compromiseDate: WHOLE,
      compromiseOccurrenceDate: minutes(-60),
    });
    expect(revoke(born, { code: 2, compromiseOccurrenceDate: minutes(-5) }, NOW)).toMatchObject({
      compromiseOccurrenceDate: minutes(-5),
    });
    const destroyed = completeDestruction(requestDestruction(born, NOW), NOW, NOW);
    expect(destroyed).toMatchObject({ destroyDate: WHOLE, lastChangeDate: WHOLE });
    expect(destroyed.custody).toBeUndefined();
    expect(destroyed.destroyRequestedAt).toBeUndefined();
  });

  it.each([0, 8, -1, 0x7fffffff])('refuses the unknown revocation reason %s', (code) => {
    expect(outcome(() => revoke(aManagedObject(), { code }, NOW))).toBe('revocation_reason_unknown');
  });
});

describe('dates that change the state by passing', () => {
  const cases: readonly (readonly [string, Partial<CommonFields>, StoredState, Date])[] = [
    ['nothing set', {}, 'PreActive', minutes(-60)],
    ['activation ahead', { activationDate: minutes(1) }, 'PreActive', minutes(-60)],
    ['activation this very second', { activationDate: WHOLE }, 'Active', WHOLE],
    ['activation past', { activationDate: minutes(-10) }, 'Active', minutes(-10)],
    ['both past', { activationDate: minutes(-10), deactivationDate: minutes(-5) }, 'Deactivated', minutes(-5)],
    ['deactivation past but never active', { deactivationDate: minutes(-5) }, 'PreActive', minutes(-60)],
    ['active, deactivation past', { state: 'Active', deactivationDate: minutes(-5) }, 'Deactivated', minutes(-5)],
    ['compromised, dates past', { state: 'Compromised', activationDate: minutes(-5) }, 'Compromised', minutes(-60)],
  ];
  it.each(cases)('%s', (_, changes, state, lastChangeDate) => {
    const object = aManagedObject({ lastChangeDate: minutes(-60), ...changes });
    expect(stateAt(object, NOW)).toBe(state);
    expect(settleDates(object, NOW).lastChangeDate).toStrictEqual(lastChangeDate);
  });

  it('takes a date into account before a transition: an activation that passed cannot be repeated', () => {
    const object = aManagedObject({ activationDate: minutes(-1) });
    expect(outcome(() => activate(object, NOW))).toBe('activate_wrong_state');
    expect(outcome(() => requestDestruction(object, NOW))).toBe('destroy_active');
    expect(outcome(() => revoke(object, { code: 1 }, NOW))).toBe('Deactivated');
  });
});

describe('a destruction under way', () => {
  const requested = requestDestruction(aManagedObject({ activationDate: minutes(1) }), NOW);

  it('is remembered and can be repeated', () => {
    expect(requested.destroyRequestedAt).toStrictEqual(NOW);
    expect(requestDestruction(requested, minutes(5))).toBe(requested);
  });

  it('is completed even though the activation date passes meanwhile', () => {
    expect(completeDestruction(requested, minutes(5), minutes(5)).state).toBe('Destroyed');
  });

  it('forbids activation, which would leave an Active key without material', () => {
    expect(outcome(() => activate(requested, NOW))).toBe('key_being_destroyed');
  });

  it('leaves the key as it was when it is withdrawn', () => {
    const before = aManagedObject();
    expect(withdrawDestruction(requestDestruction(before, NOW))).toStrictEqual(before);
  });

  it('is not begun for a suspended key', () => {
    expect(outcome(() => requestDestruction(aManagedObject({ suspended: true }), NOW))).toBe('key_suspended');
  });
});
