import { type KeyManagerPlan } from '@lib/key-manager';

import { type CheckStep } from './check-steps';

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

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

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
    return { ...step, result: 'skipped', message: `The keys there could not be counted. ${limitOf(plan)}` };
  }
  const found = `${counted(held, 'key')} that the service ID may see ${held === 1 ? 'lies' : 'lie'} there, ${counted(coming, 'key')} would come. ${limitOf(plan)}`;
  const { maximumKeys } = plan;
  if (maximumKeys === undefined) return { ...step, result: 'passed', message: found };
  if (held + coming > maximumKeys) {
    const remedy = 'Delete keys there that nobody needs, or choose another key-manager instance.';
    return { ...step, result: 'failed', message: `${found} They do not fit.`, remedy };
  }
  const isNearlyFull = (held + coming) * 100 >= maximumKeys * NEARLY_FULL_PERCENT;
  if (!isNearlyFull) return { ...step, result: 'passed', message: found };
  const remedy = 'Choose another key-manager instance before it is full: a Create is refused from then on.';
  return { ...step, result: 'warning', message: `${found} It is nearly full.`, remedy };
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
  return { ...step, result: isPriced ? 'warning' : 'passed', message };
}

/** What is deleted behind them goes on to be billed while it can be restored. */
function billedOn(left: readonly LeavingKeys[]): readonly string[] {
  const [days] = left.flatMap(({ plan }) => plan?.billedAfterDeletionDays ?? []);
  const keys = sumOf(left);
  if (days === undefined || keys === 0) return [];
  return [`${counted(keys, 'key version')} left behind and deleted are billed for ${days} days more, unless purged.`];
}

const sumOf = (leaving: readonly LeavingKeys[]): number => leaving.reduce((sum, { keys }) => sum + keys, 0);
