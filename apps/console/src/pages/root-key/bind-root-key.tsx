import { RadioButton, RadioButtonGroup, TextInput } from '@carbon/react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { ProblemView } from '../../components/problem-view';
import { SecretField } from '../../components/secret-field';
import { type Choice, ConfirmBinding } from './confirm-binding';
import { Preflight } from './preflight';
import { RootKeyPicker } from './root-key-picker';
import { isRootKeyCrn } from './root-key-id';

const VISIBILITIES = ['private', 'public'] as const;

/** Choose, try, then bind: nothing is bound that did not pass every call that it will have to serve. */
export function BindRootKey() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [choice, setChoice] = useState<Choice>(nothingChosen(instance.proposed_root_key_crn));
  const [confirmed, setConfirmed] = useState<Choice>();
  const check = useChange(instance.id, [], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/root_key_checks', {
        params: { path: { instance_id: instance.id } },
        body: choice,
      }),
    ),
  );
  const passed = check.data?.passed === true && check.data.crn === choice.crn;
  return (
    <div className="k-form">
      <ChoiceFields choice={choice} onChange={setChoice} />
      <div className="k-actions">
        <ActionButton
          kind="tertiary"
          size="md"
          verdict={may('root-key.check')}
          disabled={!isRootKeyCrn(choice.crn) || check.isPending}
          onClick={() => check.mutate()}
        >
          {check.isPending ? t('preflight.running') : t('rootKey.bind.check')}
        </ActionButton>
        <ActionButton size="md" verdict={may('root-key.set')} disabled={!passed} onClick={() => setConfirmed(choice)}>
          {t('rootKey.bind.act')}
        </ActionButton>
      </div>
      {check.isError && <ProblemView problem={asProblem(check.error)} title={t('preflight.failed')} />}
      {check.data && <Preflight check={check.data} />}
      {confirmed && (
        <ConfirmBinding
          choice={confirmed}
          onDone={() => {
            setChoice(nothingChosen(undefined));
            check.reset();
          }}
          onClose={() => setConfirmed(undefined)}
        />
      )}
    </div>
  );
}

const nothingChosen = (crn: string | undefined): Choice => ({ crn: crn ?? '', endpoint_visibility: 'private' });

interface ChoiceFieldsProps {
  readonly choice: Choice;
  readonly onChange: (choice: Choice) => void;
}

function ChoiceFields({ choice, onChange }: ChoiceFieldsProps) {
  const { t } = useTranslation();
  const id = useId();
  const { crn, endpoint_visibility, api_key } = choice;
  const takeKey = (text: string): void => {
    const others = { crn, endpoint_visibility };
    onChange(text === '' ? others : { ...others, api_key: text });
  };
  return (
    <>
      <RootKeyPicker onPick={(picked) => onChange({ ...choice, crn: picked })} />
      <TextInput
        id={`${id}crn`}
        labelText={t('rootKey.bind.crn')}
        helperText={t('rootKey.bind.crnHelp')}
        value={crn}
        spellCheck={false}
        autoComplete="off"
        invalid={crn !== '' && !isRootKeyCrn(crn)}
        invalidText={t('rootKey.bind.crnInvalid')}
        onChange={({ target }) => onChange({ ...choice, crn: target.value.trim() })}
      />
      <RadioButtonGroup
        legendText={t('rootKey.visibility')}
        name={`${id}visibility`}
        valueSelected={endpoint_visibility}
        onChange={(value) => onChange({ ...choice, endpoint_visibility: value === 'public' ? 'public' : 'private' })}
      >
        {VISIBILITIES.map((one) => (
          <RadioButton key={one} id={`${id}${one}`} value={one} labelText={t(`rootKey.visibilities.${one}`)} />
        ))}
      </RadioButtonGroup>
      <SecretField
        label={t('rootKey.bind.apiKey')}
        help={t('rootKey.bind.apiKeyHelp')}
        value={api_key ?? ''}
        onChange={takeKey}
      />
    </>
  );
}
