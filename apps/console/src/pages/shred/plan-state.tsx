import { useTranslation } from 'react-i18next';

import { type Schemas } from '../../api/schema';
import { Status, type Tone } from '../../components/status';

type State = Schemas['InstanceShredPlan']['state'];

const TONES: Readonly<Record<State, Tone>> = {
  draft: 'none',
  confirmed: 'paused',
  executing: 'busy',
  keys_destroyed: 'warning',
  completed: 'good',
};

export function PlanState({ state }: { readonly state: State }) {
  const { t } = useTranslation();
  return <Status tone={TONES[state]}>{t(`shred.states.${state}`)}</Status>;
}
