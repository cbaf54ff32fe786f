import { hpcs, keyProtect } from '@lib/key-protect';

import { type LeavingKeys, moveCost, type MovePlan } from './move-cost';

const location = { name: 'crn', region: 'us-south', instance: 'ed20abbe-8870-44e6-90f7-56d764c21127' };
const STANDARD = keyProtect.planAt(location, 'https://us-south.kms.cloud.ibm.com');
const DEDICATED = keyProtect.planAt(location, `https://${location.instance}.api.us-south.kms.appdomain.cloud`);
const HPCS = hpcs.planAt();

const leaving = (plan: LeavingKeys['plan'], keys: number, sameInstance = false): LeavingKeys[] => [
  { plan, keys, sameInstance },
];
const stepsOf = (move: Partial<MovePlan>) => {
  const [quota, versions] = moveCost({ plan: STANDARD, held: 10, leaving: [], ...move });
  return { quota, versions };
};

describe('the room for keys that would move', () => {
  it.each<[string, Partial<MovePlan>, string, RegExp]>([
    [
      'no published maximum',
      { plan: STANDARD, held: 1_000_000 },
      'passed',
      /IBM publishes no maximum .* Key Protect\.$/,
    ],
    ['no published maximum', { plan: DEDICATED }, 'passed', /IBM publishes no maximum .* Dedicated\.$/],
    ['room', { plan: HPCS, held: 30_000, leaving: leaving(HPCS, 9_999) }, 'passed', /9,999 keys would come.*50,000/],
    ['little room', { plan: HPCS, held: 30_000, leaving: leaving(STANDARD, 10_000) }, 'warning', /nearly full/],
    ['just room', { plan: HPCS, held: 49_999, leaving: leaving(HPCS, 1) }, 'warning', /nearly full/],
    ['none', { plan: HPCS, held: 49_999, leaving: leaving(HPCS, 2) }, 'failed', /do not fit/],
    ['no more of them', { plan: HPCS, held: 30_000, leaving: leaving(HPCS, 30_000, true) }, 'passed', /0 keys would/],
    ['nobody who counts', { plan: HPCS, held: undefined, leaving: leaving(HPCS, 60_000) }, 'skipped', /not be counted/],
  ])('where there is %s: %j is %s', (_what, move, result, message) => {
    const { quota } = stepsOf(move);
    expect(quota).toMatchObject({ result, message: expect.stringMatching(message) as string });
    expect(quota?.remedy === undefined).toBe(result === 'passed' || result === 'skipped');
  });
});

it('names what it has found, for who says it in another language', () => {
  const { quota, versions } = stepsOf({ plan: HPCS, held: 49_000, leaving: leaving(STANDARD, 1_000) });
  expect(quota).toMatchObject({
    reason: 'nearly_full',
    values: [
      { name: 'held', value: '49000' },
      { name: 'coming', value: '1000' },
      { name: 'plan', value: HPCS.name },
      { name: 'maximum', value: '50000' },
    ],
  });
  expect(versions).toMatchObject({
    reason: 'versions_left',
    values: [
      { name: 'moving', value: '1000' },
      { name: 'plan', value: HPCS.name },
      { name: 'left', value: '1000' },
      { name: 'days', value: '30' },
    ],
  });
});

describe('the key versions that a move costs', () => {
  it.each<[string, Partial<MovePlan>, string, RegExp]>([
    ['none at first', { plan: STANDARD }, 'passed', /^No key moves.*0 key versions more/],
    [
      'one for each key',
      { plan: STANDARD, leaving: leaving(HPCS, 1_200) },
      'warning',
      /1,200 key versions more.*doubles/,
    ],
    [
      'both for 30 days',
      { leaving: leaving(STANDARD, 7, true) },
      'warning',
      /7 key versions more.*7 key versions left behind are billed for 30 days more once deleted, unl/,
    ],
    [
      'what is left',
      { plan: DEDICATED, leaving: leaving(STANDARD, 1) },
      'warning',
      /crypto units.* 1 key version left behind is .*Manager there: without it keys stay where they are\.$/,
    ],
    [
      'nothing',
      { plan: DEDICATED, leaving: leaving(HPCS, 1_200) },
      'passed',
      /^1,200 keys would move.*add nothing to it\.$/,
    ],
  ])('%s: %j', (_what, move, result, message) => {
    expect(stepsOf(move).versions).toMatchObject({ result, message: expect.stringMatching(message) as string });
  });
});
