import { useTranslation } from 'react-i18next';

import { type Instance } from '../api/schema';
import { Status, type Tone } from './status';

const TONES: Readonly<Record<Instance['state'], Tone>> = {
  installing: 'busy',
  inactive: 'none',
  configuring: 'busy',
  installed: 'good',
  disabled: 'paused',
  removing: 'busy',
  failed: 'bad',
};

export function InstanceState({ state }: { readonly state: Instance['state'] }) {
  const { t } = useTranslation();
  return <Status tone={TONES[state]}>{t(`state.${state}`)}</Status>;
}
