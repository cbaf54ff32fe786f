import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { keyOf, rootKeyQuery } from '../../api/queries';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { DryRun, useDryRun } from '../../components/dry-run';
import { Facts } from '../../components/facts';
import { Guard } from '../../components/guard';
import { isAbsent } from '../../components/optional';
import { rootKeyIdOf } from './root-key-id';

export interface Choice {
  readonly crn: string;
  readonly endpoint_visibility: 'private' | 'public';
  readonly api_key?: string;
}

interface ConfirmBindingProps {
  readonly choice: Choice;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** What binding does to the keys that are there, said before it is done. */
export function ConfirmBinding({ choice, onDone, onClose }: ConfirmBindingProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery(rootKeyQuery(instance.id));
  const bound = isAbsent(query.error) ? undefined : query.data;
  const bind = (dryRun: boolean) =>
    answerOf(
      api.PUT('/v1/instances/{instance_id}/root_key', {
        params: {
          path: { instance_id: instance.id },
          header: {
            ...(bound && { 'If-Match': `"${bound.etag}"` }),
            ...(dryRun && { 'IBM-API-Dry-Run': 'validate' as const }),
          },
        },
        body: choice,
      }),
    );
  const trial = useDryRun(keyOf(instance.id, 'root_key', 'bind', choice.crn, bound?.etag), () => bind(true));
  const change = useChange(instance.id, ['root_key', 'instance', 'keys'], () => bind(false));
  return (
    <Guard
      title={t('rootKey.bind.title')}
      act={t('rootKey.bind.act')}
      danger={bound !== undefined}
      name={bound && instance.name}
      blocked={!trial.isSuccess}
      change={change}
      onDone={onDone}
      onClose={onClose}
    >
      <Facts
        facts={[
          bound && [t('rootKey.bind.from'), <code key="f">{rootKeyIdOf(bound.crn)}</code>],
          [t('rootKey.bind.to'), <code key="t">{rootKeyIdOf(choice.crn)}</code>],
        ]}
      />
      <p>{t(bound ? 'rootKey.bind.moves' : 'rootKey.bind.first')}</p>
      <DryRun trial={trial} />
    </Guard>
  );
}
