import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { keyOf, rootKeyQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { DryRun, useDryRun } from '../../components/dry-run';
import { Guard } from '../../components/guard';

interface RollBackProps {
  readonly former: Schemas['InstanceFormerRootKey'];
  readonly onClose: () => void;
}

/** Binds a former root key again: tried with every call that it will have to serve. */
export function RollBack({ former, onClose }: RollBackProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const { data: bound } = useQuery(rootKeyQuery(instance.id));
  const rollBack = (dryRun: boolean) =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/former_root_keys/{id}/roll_back', {
        params: {
          path: { instance_id: instance.id, id: former.id },
          header: {
            ...(bound && { 'If-Match': `"${bound.etag}"` }),
            ...(dryRun && { 'IBM-API-Dry-Run': 'validate' as const }),
          },
        },
      }),
    );
  const trial = useDryRun(keyOf(instance.id, 'root_key', former.id, bound?.etag), () => rollBack(true));
  const change = useChange(instance.id, ['root_key', 'instance'], () => rollBack(false));
  return (
    <Guard
      title={t('rootKey.former.rollBack')}
      act={t('rootKey.former.rollBack')}
      name={instance.name}
      blocked={!trial.isSuccess}
      change={change}
      onClose={onClose}
    >
      <p>{t('rootKey.former.rollBackText')}</p>
      <DryRun trial={trial} />
    </Guard>
  );
}
