import { Select, SelectItem, TextInput } from '@carbon/react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { keyOf } from '../../api/queries';
import { type Key, type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { DryRun, useDryRun } from '../../components/dry-run';
import { Guard } from '../../components/guard';
import { calledOf } from './owner';

type Reason = Schemas['InstanceKeyRevocation']['reason'];

const REASONS: readonly Reason[] = [
  'cessation_of_operation',
  'superseded',
  'key_compromise',
  'affiliation_changed',
  'privilege_withdrawn',
  'unspecified',
];

export function RevokeKey({ of: key, onClose }: { readonly of: Key; readonly onClose: () => void }) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const id = useId();
  const [reason, setReason] = useState<Reason>('cessation_of_operation');
  const [message, setMessage] = useState('');
  const name = calledOf(key);
  const revoke = (dryRun: boolean) =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/keys/{id}/revoke', {
        params: {
          path: { instance_id: instance.id, id: key.id },
          query: { expected_name: name },
          ...(dryRun && { header: { 'IBM-API-Dry-Run': 'validate' as const } }),
        },
        body: { reason, ...(message.trim() !== '' && { message: message.trim() }) },
      }),
    );
  const trial = useDryRun(keyOf(instance.id, 'keys', key.id, key.etag, 'revoke', reason), () => revoke(true));
  const change = useChange(instance.id, ['keys', 'audit'], () => revoke(false));
  return (
    <Guard
      title={t('key.revoke.title', { name })}
      act={t('key.act.revoke')}
      name={name}
      blocked={!trial.isSuccess}
      change={change}
      onClose={onClose}
    >
      <p>{t('key.revoke.text')}</p>
      <Select
        id={`${id}reason`}
        labelText={t('key.revoke.reason')}
        value={reason}
        onChange={({ target }) => setReason(REASONS.find((one) => one === target.value) ?? 'unspecified')}
      >
        {REASONS.map((one) => (
          <SelectItem key={one} value={one} text={t(`key.revoke.reasons.${one}`)} />
        ))}
      </Select>
      {reason === 'key_compromise' && <p>{t('key.revoke.compromise')}</p>}
      <TextInput
        id={`${id}message`}
        labelText={t('key.revoke.message')}
        maxLength={1024}
        value={message}
        onChange={({ target }) => setMessage(target.value)}
      />
      <DryRun trial={trial} />
    </Guard>
  );
}
