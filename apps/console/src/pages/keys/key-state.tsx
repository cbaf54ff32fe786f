import { useTranslation } from 'react-i18next';

import { type Key } from '../../api/schema';
import { Status, type Tone } from '../../components/status';

const TONES: Readonly<Record<Key['state'], Tone>> = {
  pre_active: 'none',
  active: 'good',
  deactivated: 'none',
  compromised: 'bad',
  destroyed: 'none',
  destroyed_compromised: 'none',
  shredded: 'bad',
};

/** The state of KMIP; a suspension beside it, since it hides none. */
export function KeyState({ of: { state, suspended } }: { readonly of: Pick<Key, 'state'> & { suspended?: boolean } }) {
  const { t } = useTranslation();
  const words = t(`key.state.${state}`);
  if (suspended === true) return <Status tone="paused">{t('key.suspendedState', { state: words })}</Status>;
  return <Status tone={TONES[state]}>{words}</Status>;
}
