import { counted } from '@lib/kernel';
import { type KeyManagerPlan } from '@lib/key-manager';

import { type CheckStep, valuesOf } from './check-steps';

/** Keys that would move, from one root key. */
export interface LeavingKeys {
  readonly keys: number;
  /** They stay in the instance of the key manager, as other stored keys. */
  readonly sameInstance: boolean;
  readonly plan: KeyManagerPlan | undefined;
}

export interface MovePlan {
  /** Of the key manager that keys would go to. */
  readonly plan: KeyManagerPlan;
  /** Keys that lie there now; undefined where they could not be counted. */
  readonly held: number | undefined;
  readonly leaving: readonly LeavingKeys[];
}

/** Of what a key manager can hold, in per cent: over it the administrator is warned. */
const NEARLY_FULL_PERCENT = 80;

/** Whether the keys have room there, and what they cost in key versions: to be read before anything moves. */
export const moveCost = (move: MovePlan): readonly CheckStep[] => [quotaStep(move), versionsStep(move)];

function quotaStep({ plan, held, leaving }: MovePlan): CheckStep {
  const coming = sumOf(leaving.filter(({ sameInstance }) => !sameInstance));
  const step = {
    code: 'key_manager_quota',
    permission: 'Reader (service role)',
    purpose: 'Each key is a stored key of its own in the key manager.',
  };
  if (held === undefined) {
    return {
      ...step,
      result: 'skipped',
      reason: 'keys_uncounted',
      message: `The keys there could not be counted. ${limitOf(plan)}`,
    };
  }
  const found = `${counted(held, 'key that the service ID may see lies', 'keys that the service ID may see lie')} there, ${counted(coming, 'key')} would come. ${limitOf(plan)}`;
  const { maximumKeys } = plan;
  const values = valuesOf({
    held,
    coming,
    plan: plan.name,
    ...(maximumKeys !== undefined && { maximum: maximumKeys }),
  });
  if (maximumKeys === undefined) {
    return { ...step, result: 'passed', reason: 'no_maximum', values, message: found };
  }
  if (held + coming > maximumKeys) {
    const remedy = 'Delete keys there that nobody needs, or choose another key-manager instance.';
    return {
      ...step,
      result: 'failed',
      reason: 'keys_do_not_fit',
      values,
      message: `${found} They do not fit.`,
      remedy,
    };
  }
  const isNearlyFull = (held + coming) * 100 >= maximumKeys * NEARLY_FULL_PERCENT;
  if (!isNearlyFull) return { ...step, result: 'passed', reason: 'keys_fit', values, message: found };
  const remedy = 'Choose another key-manager instance before it is full: a Create is refused from then on.';
  return { ...step, result: 'warning', reason: 'nearly_full', values, message: `${found} It is nearly full.`, remedy };
}

const limitOf = ({ name, maximumKeys }: KeyManagerPlan): string =>
  maximumKeys === undefined
    ? `IBM publishes no maximum of keys for ${name}.`
    : `An instance of ${name} holds at most ${maximumKeys.toLocaleString('en')} root and standard keys.`;

function versionsStep({ plan, leaving }: MovePlan): CheckStep {
  const moving = sumOf(leaving);
  const billed = plan.billedBy === 'key_versions' ? moving : 0;
  const left = leaving.filter(({ plan: from }) => from?.billedBy === 'key_versions');
  const message = [
    moving === 0 ? 'No key moves.' : `${counted(moving, 'key')} would move.`,
    plan.billedBy === 'key_versions'
      ? `Here each key is a key version, billed for each day: ${counted(billed, 'key version')} more.`
      : `The price of ${plan.name} goes by crypto units: keys add nothing to it.`,
    ...billedOn(left),
    ...(plan.billedBy === 'key_versions'
      ? ['What a key version costs is not known here; the plan cross-region-resiliency doubles it.']
      : []),
  ].join(' ');
  const step = { code: 'key_versions', permission: '', purpose: 'Key versions are what Key Protect bills.' };
  const isPriced = billed > 0 || sumOf(left) > 0;
  return { ...step, result: isPriced ? 'warning' : 'passed', ...pricedBy({ plan, leaving }, left), message };
}

function pricedBy(
  { plan, leaving }: Pick<MovePlan, 'plan' | 'leaving'>,
  left: readonly LeavingKeys[],
): Pick<CheckStep, 'reason' | 'values'> {
  const values = { moving: sumOf(leaving), plan: plan.name };
  const days = daysBilled(left);
  const isBilledHere = plan.billedBy === 'key_versions';
  if (days === undefined) {
    return isBilledHere
      ? { reason: 'versions_billed', values: valuesOf(values) }
      : { reason: 'versions_not_billed', values: valuesOf(values) };
  }
  const both = valuesOf({ ...values, left: sumOf(left), days });
  return isBilledHere ? { reason: 'versions_billed_twice', values: both } : { reason: 'versions_left', values: both };
}

/**
 * What is deleted behind them goes on to be billed while it can be restored. Whether the service ID may delete there is not
 * asked here: a question whether it may shows as a refused deletion in the tenant's own trail.
 */
function billedOn(left: readonly LeavingKeys[]): readonly string[] {
  const days = daysBilled(left);
  const keys = sumOf(left);
  if (days === undefined) return [];
  const billed = counted(keys, 'key version left behind is', 'key versions left behind are');
  return [
    `${billed} billed for ${days} days more once deleted, unless purged. To delete takes the service role Manager there: without it keys stay where they are.`,
  ];
}

/** How long what moves away is billed on, if anything does. */
function daysBilled(left: readonly LeavingKeys[]): number | undefined {
  const [days] = left.flatMap(({ plan }) => plan?.billedAfterDeletionDays ?? []);
  return sumOf(left) === 0 ? undefined : days;
}

const sumOf = (leaving: readonly LeavingKeys[]): number => leaving.reduce((sum, { keys }) => sum + keys, 0);
