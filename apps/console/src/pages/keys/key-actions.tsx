import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Key } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { useFocusKept } from '../../components/focus';
import { ChangeKey } from './change-key';
import { DestroyKey } from './destroy-key';
import { RevokeKey } from './revoke-key';

type Act = 'suspend' | 'resume' | 'reactivate' | 'revoke' | 'destroy';

/** What the state of the key leaves to be done with it. */
export function actsOn({ state, suspended }: Pick<Key, 'state' | 'suspended'>): readonly Act[] {
  if (state === 'destroyed' || state === 'destroyed_compromised') return [];
  return [
    suspended ? 'resume' : 'suspend',
    ...(state === 'deactivated' ? (['reactivate'] as const) : []),
    ...(state === 'active' || state === 'pre_active' || state === 'deactivated' ? (['revoke'] as const) : []),
    'destroy',
  ];
}

export function KeyActions({ of: key }: { readonly of: Key }) {
  const { t } = useTranslation();
  const { may } = useInstance();
  const [asked, setAsked] = useState<Act>();
  const close = (): void => setAsked(undefined);
  const acts = actsOn(key);
  useFocusKept(acts.join());
  return (
    <>
      {acts.map((act) => (
        <ActionButton
          key={act}
          size="md"
          kind={act === 'destroy' ? 'danger--tertiary' : 'tertiary'}
          verdict={may(act === 'destroy' ? 'key.delete' : 'key.update')}
          onClick={() => setAsked(act)}
        >
          {t(`key.act.${act}`)}
        </ActionButton>
      ))}
      {(asked === 'suspend' || asked === 'resume' || asked === 'reactivate') && (
        <ChangeKey of={key} act={asked} onClose={close} />
      )}
      {asked === 'revoke' && <RevokeKey of={key} onClose={close} />}
      {asked === 'destroy' && <DestroyKey of={key} onClose={close} />}
    </>
  );
}
