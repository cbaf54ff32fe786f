import { RadioButton, RadioButtonGroup, TextArea, TextInput } from '@carbon/react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useSearchParams } from 'react-router';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { ProblemView } from '../../components/problem-view';

type Prototype = Schemas['InstanceShredPlanPrototype'];
type Scope = Prototype['scope'];

const SCOPES: readonly Scope[] = ['keys', 'root_key', 'instance'];

/** A plan destroys nothing: it writes down what would be destroyed. */
export function MakePlan() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const id = useId();
  const [scope, setScope] = useState<Scope>('keys');
  const [keys, setKeys] = useState(search.get('keys') ?? '');
  const [rootKey, setRootKey] = useState('');
  const wanted = prototypeOf(scope, keys, rootKey);
  const make = useChange(instance.id, ['shred_plans', 'audit'], (body: Prototype) =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/shred_plans', { params: { path: { instance_id: instance.id } }, body }),
    ),
  );
  return (
    <div className="k-form">
      <RadioButtonGroup
        legendText={t('shred.make.what')}
        name={id}
        orientation="vertical"
        valueSelected={scope}
        onChange={(value) => setScope(SCOPES.find((one) => one === value) ?? 'keys')}
      >
        {SCOPES.map((one) => (
          <RadioButton key={one} id={id + one} value={one} labelText={t(`shred.scope.${one}`)} />
        ))}
      </RadioButtonGroup>
      {scope === 'keys' && (
        <TextArea
          id={`${id}-identifiers`}
          labelText={t('shred.make.keys')}
          helperText={t('shred.make.keysHelp')}
          rows={3}
          value={keys}
          onChange={({ target }) => setKeys(target.value)}
        />
      )}
      {scope === 'root_key' && (
        <TextInput
          id={`${id}-root`}
          labelText={t('shred.make.rootKey')}
          value={rootKey}
          onChange={({ target }) => setRootKey(target.value)}
        />
      )}
      {make.isError && <ProblemView problem={asProblem(make.error)} title={t('shred.make.failed')} />}
      <ActionButton
        size="md"
        verdict={may('key.delete')}
        disabled={wanted === undefined || make.isPending}
        onClick={() => {
          if (wanted) make.mutate(wanted, { onSuccess: (plan) => void navigate(plan.id) });
        }}
      >
        {make.isPending ? t('common.working') : t('shred.make.act')}
      </ActionButton>
    </div>
  );
}

/** @returns undefined as long as something is missing */
function prototypeOf(scope: Scope, keys: string, rootKey: string): Prototype | undefined {
  if (scope === 'instance') return { scope };
  if (scope === 'root_key') return rootKey.trim() === '' ? undefined : { scope, root_key_id: rootKey.trim() };
  const key_ids = keys.split(/[\s,;]+/).filter((one) => one !== '');
  return key_ids.length === 0 ? undefined : { scope, key_ids };
}
