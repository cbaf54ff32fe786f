import { type TenantApi, TenantApiError } from '@lib/tenant-api-client';

import { time } from '../../output/views';
import { answerOf } from '../../tenant/asking';
import { type Instance } from '../../tenant/resources';
import { attempts } from '../attempt/attempts';
import { type Finding, findingsOf } from './finding';
import { counted } from '../../output/counted';

const LAST_REFUSALS = 3;
const RECENT_MS = 24 * 3_600_000;
/** Attempts that succeeded are listed as well. */
const ACCEPTED = 'accepted';

/** Whether the instance serves at all. */
export function instanceFindings({ name, state, next_step: next, health }: Instance): readonly Finding[] {
  const { passed, failed } = findingsOf('instance', name);
  const isServing = state === 'installed';
  return [
    isServing ? passed(state) : failed(state, next.message),
    ...health.problems.map(({ message, remedy }) => findingsOf('root key', name).failed(message, remedy)),
    ...health.warnings.map(({ message, remedy }) => findingsOf('root key', name).warning(message, remedy)),
  ];
}

/** Every call that the root key has to serve. */
export async function preflightFindings(api: TenantApi, instance: string): Promise<readonly Finding[]> {
  const { passed, failed, skipped } = findingsOf('pre-flight', 'every call of the root key');
  const params = { path: { instance_id: instance } };
  try {
    const { passed: isFit, steps } = await answerOf(
      api.POST('/v1/instances/{instance_id}/root_key_checks', { params, body: {} }),
    );
    const wrong = steps.filter(({ result }) => result === 'failed' || result === 'warning');
    const rows = wrong.map(({ code, result, message, remedy }) =>
      findingsOf('pre-flight', code)[result === 'failed' ? 'failed' : 'warning'](message, remedy),
    );
    return isFit ? [passed(counted(steps.length, 'call')), ...rows] : rows;
  } catch (error) {
    if (!(error instanceof TenantApiError)) throw error;
    if (error.status === 403) return [skipped('your role does not permit it')];
    return [failed(error.message, 'kmip4v root-key check')];
  }
}

/** The last connections that were refused. @param sha256 of the certificate that is looked at */
export async function refusalFindings(
  api: TenantApi,
  instance: string,
  sha256: string | undefined,
): Promise<readonly Finding[]> {
  const { passed } = findingsOf('refusals', 'connections of the last 24 hours');
  const since = Date.now() - RECENT_MS;
  const recent = (await attempts(api, instance, undefined, 100)).filter(({ last_at: at }) => Date.parse(at) > since);
  const ofInterest = recent.filter(
    ({ verdict, certificate }) =>
      verdict !== ACCEPTED && (sha256 === undefined || certificate?.sha256_fingerprint === sha256),
  );
  if (ofInterest.length === 0) return [passed('none')];
  return ofInterest
    .slice(0, LAST_REFUSALS)
    .map(({ last_at: at, address, endpoint, message, remedy }) =>
      findingsOf('refusals', `${time(at) ?? ''}, ${address}`).warning(`on ${endpoint}: ${message}`, remedy),
    );
}
