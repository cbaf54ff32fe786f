import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { asProblem, type Problem } from '../../api/problem';
import { credentialQuery, keyManagerRootKeysQuery, keyManagersQuery } from '../../api/queries';
import { useInstance } from '../../app/instance-layout';
import { isAbsent } from '../../components/optional';
import { useFaultWords } from '../../i18n/fault-words';

/** The root keys that the stored API key can see: a key manager first, then one of its keys. */
export function RootKeyPicker({ onPick }: { readonly onPick: (crn: string) => void }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const id = useId();
  const [keyManager, setKeyManager] = useState('');
  const mayRead = may('credential.read').allowed;
  const credential = useQuery({ ...credentialQuery(instance.id), enabled: mayRead });
  const managers = useQuery({
    ...keyManagersQuery(instance.id),
    // Without an API key there is nobody in whose name to ask.
    enabled: may('key-manager.list').allowed && (credential.data !== undefined || !mayRead),
  });
  const rootKeys = useQuery({ ...keyManagerRootKeysQuery(instance.id, keyManager), enabled: keyManager !== '' });
  if (isAbsent(credential.error)) return <p className="k-quiet">{t('picker.noApiKey')}</p>;
  if (managers.isError) return <Unlisted problem={asProblem(managers.error)} />;
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

function Unlisted({ problem }: { readonly problem: Problem }) {
  const { t } = useTranslation();
  const words = useFaultWords();
  return (
    <p className="k-quiet">
      {t('picker.nothing')}{' '}
      {problem.faults
        .map((fault) => words(fault).cause)
        .map(({ text, lang }) => (
          <span key={text} lang={lang}>
            {text}
          </span>
        ))}
    </p>
  );
}
