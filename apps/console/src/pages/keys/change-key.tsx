import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { type Key } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { Guard } from '../../components/guard';
import { calledOf } from './owner';

interface ChangeKeyProps {
  readonly of: Key;
  readonly act: 'suspend' | 'resume' | 'reactivate';
  readonly onClose: () => void;
}

const CHANGES = {
  suspend: { suspended: true },
  resume: { suspended: false },
  reactivate: { state: 'active' },
} as const;

/** What can be undone: said, and not typed in. */
export function ChangeKey({ of: key, act, onClose }: ChangeKeyProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const change = useChange(instance.id, ['keys', 'audit'], () =>
    answerOf(
      api.PATCH('/v1/instances/{instance_id}/keys/{id}', {
        params: { path: { instance_id: instance.id, id: key.id }, header: { 'If-Match': `"${key.etag}"` } },
        body: CHANGES[act],
      }),
    ),
  );
  return (
    <Guard
      title={t(`key.${act}.title`, { name: calledOf(key) })}
      act={t(`key.act.${act}`)}
      danger={act === 'suspend'}
      change={change}
      onClose={onClose}
    >
      <p>{t(`key.${act}.text`)}</p>
    </Guard>
  );
}
