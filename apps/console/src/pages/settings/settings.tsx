import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { type Instance, type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Guard } from '../../components/guard';
import { InstancePage } from '../../components/instance-page';
import { Status } from '../../components/status';
import { Moment } from '../../components/times';

type Patch = Schemas['InstancePatch'];

/** Each option as it stands, and what the other way would be. */
const OPTIONS = ['second_person_to_destroy', 'purge_destroyed_keys', 'credential_policy', 'key_generation'] as const;
type Option = (typeof OPTIONS)[number];

/** What decides how keys end takes the right to end them, too. */
const ACTIONS: Readonly<Record<Option, string>> = {
  second_person_to_destroy: 'key.delete',
  purge_destroyed_keys: 'key.delete',
  credential_policy: 'instance.update',
  key_generation: 'instance.update',
};

const isOn = (instance: Instance, option: Option): boolean => {
  switch (option) {
    case 'credential_policy':
      return instance.credential_policy === 'enforce';
    case 'key_generation':
      return instance.key_generation === 'key_manager';
    default:
      return instance[option];
  }
};

function patchOf(option: Option, on: boolean): Patch {
  switch (option) {
    case 'credential_policy':
      return { credential_policy: on ? 'enforce' : 'ignore' };
    case 'key_generation':
      return { key_generation: on ? 'key_manager' : 'local' };
    default:
      return { [option]: on };
  }
}

export function SettingsPage() {
  const { t } = useTranslation();
  return (
    <InstancePage title={t('nav.settings')} intro={<p>{t('settings.intro')}</p>}>
      <div className="k-cards">
        {OPTIONS.map((option) => (
          <OptionCard key={option} option={option} />
        ))}
      </div>
    </InstancePage>
  );
}

function OptionCard({ option }: { readonly option: Option }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [asked, setAsked] = useState(false);
  const on = isOn(instance, option);
  const change = useChange(instance.id, ['instance', 'audit'], () =>
    answerOf(
      api.PATCH('/v1/instances/{id}', {
        params: { path: { id: instance.id }, header: { 'If-Match': `"${instance.etag}"` } },
        body: patchOf(option, !on),
      }),
    ),
  );
  const act = t(on ? `settings.${option}.turnOff` : `settings.${option}.turnOn`);
  return (
    <div className="k-card" role="group" aria-label={t(`settings.${option}.title`)}>
      <h2>{t(`settings.${option}.title`)}</h2>
      <Status tone={on ? 'good' : 'none'}>{t(on ? `settings.${option}.on` : `settings.${option}.off`)}</Status>
      <p>{t(`settings.${option}.text`)}</p>
      {option === 'second_person_to_destroy' && instance.second_person_until !== undefined && (
        <p>
          {t('settings.until')} <Moment at={instance.second_person_until} />
        </p>
      )}
      <ActionButton size="sm" kind="tertiary" verdict={may(ACTIONS[option])} onClick={() => setAsked(true)}>
        {act}
      </ActionButton>
      {asked && (
        <Guard
          title={t(`settings.${option}.title`)}
          act={act}
          danger={option === 'purge_destroyed_keys' && !on}
          name={option === 'purge_destroyed_keys' && !on ? instance.name : undefined}
          change={change}
          onClose={() => setAsked(false)}
        >
          <p>{t(on ? `settings.${option}.offText` : `settings.${option}.onText`)}</p>
        </Guard>
      )}
    </div>
  );
}
