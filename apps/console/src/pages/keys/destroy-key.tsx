import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { answerOf, api } from '../../api/client';
import { keyOf } from '../../api/queries';
import { type Key } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { DryRun, useDryRun } from '../../components/dry-run';
import { Guard } from '../../components/guard';
import { Moment } from '../../components/times';
import { calledOf } from './owner';

export function DestroyKey({ of: key, onClose }: { readonly of: Key; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const name = calledOf(key);
  // An active key is revoked with the same commit.
  const revoke = key.state === 'active';
  const destroy = (dryRun: boolean) =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/keys/{id}', {
        params: {
          path: { instance_id: instance.id, id: key.id },
          query: { expected_name: name, ...(revoke && { revoke }) },
          header: { 'If-Match': `"${key.etag}"`, ...(dryRun && { 'IBM-API-Dry-Run': 'validate' as const }) },
        },
      }),
    );
  const trial = useDryRun(keyOf(instance.id, 'keys', key.id, key.etag, 'destroy'), () => destroy(true));
  const change = useChange(instance.id, ['keys', 'audit', 'usage'], () => destroy(false));
  return (
    <Guard
      title={t('key.destroy.title', { name })}
      act={t('key.act.destroy')}
      name={name}
      blocked={!trial.isSuccess}
      change={change}
      onClose={onClose}
    >
      <p>
        <strong>{t('key.destroy.stops', { name })}</strong>
      </p>
      <p>
        {key.last_fetched === undefined ? (
          t('key.destroy.neverFetched')
        ) : (
          <>
            {t('key.destroy.fetched')} <Moment at={key.last_fetched.at} />
            {t('key.destroy.memory')}
          </>
        )}
      </p>
      <p>{t(instance.purge_destroyed_keys ? 'key.destroy.purged' : 'key.destroy.restorable')}</p>
      <p>
        {t('key.destroy.planned')}{' '}
        <Link className="cds--link" to={`/instances/${instance.id}/shred?keys=${key.id}`}>
          {t('nav.shred')}
        </Link>
      </p>
      <DryRun trial={trial} />
    </Guard>
  );
}
