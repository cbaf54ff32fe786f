import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem } from '../../api/problem';
import { keyManagerRootKeysQuery, keyManagersQuery } from '../../api/queries';
import { useInstance } from '../../app/instance-layout';

/** The root keys that the stored API key can see: a key manager first, then one of its keys. */
export function RootKeyPicker({ onPick }: { readonly onPick: (crn: string) => void }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const id = useId();
  const [keyManager, setKeyManager] = useState('');
  const managers = useQuery({ ...keyManagersQuery(instance.id), enabled: may('key-manager.list').allowed });
  const rootKeys = useQuery({ ...keyManagerRootKeysQuery(instance.id, keyManager), enabled: keyManager !== '' });
  // Without a stored API key there is nothing to choose from: the CRN is given by hand.
  if (managers.isError)
    return (
      <p className="k-quiet">
        {t('picker.nothing')} {asProblem(managers.error).message}
      </p>
    );
  return (
    <div className="k-filters">
      <Select
        id={`${id}manager`}
        labelText={t('picker.keyManager')}
        value={keyManager}
        disabled={!managers.data}
        onChange={({ target }) => setKeyManager(target.value)}
      >
        <SelectItem value="" text={t('common.choose')} />
        {managers.data?.map((one) => (
          <SelectItem
            key={one.id}
            value={one.id}
            text={`${one.name} (${t(`provider.${one.provider}`)}, ${one.region})`}
          />
        ))}
      </Select>
      <Select
        id={`${id}key`}
        labelText={t('picker.rootKey')}
        disabled={!rootKeys.data}
        defaultValue=""
        key={keyManager}
        onChange={({ target }) => onPick(target.value)}
      >
        <SelectItem value="" text={t('common.choose')} />
        {rootKeys.data?.map(({ id: one, crn, name, usable }) => (
          <SelectItem key={one} value={crn} disabled={!usable} text={usable ? name : t('picker.unusable', { name })} />
        ))}
      </Select>
    </div>
  );
}
