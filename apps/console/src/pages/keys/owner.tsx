import { useTranslation } from 'react-i18next';

import { type Key, type Schemas } from '../../api/schema';

type Owner = Schemas['InstanceKeyOwner'];

interface OwnerNameProps {
  readonly owner: Owner | undefined;
  /** What stands beside it already: vCenter may give a machine the identifier of its key. */
  readonly beside?: string;
}

/** As vCenter named it: the machine that a key belongs to. */
export function OwnerName({ owner, beside }: OwnerNameProps) {
  const { t } = useTranslation();
  if (owner?.name === undefined && owner?.identifier === undefined) {
    return <span className="k-quiet">{t('key.noOwner')}</span>;
  }
  return (
    <>
      {owner.name ?? owner.identifier}
      <span className="k-quiet">
        {[owner.component, owner.name === undefined ? undefined : owner.identifier]
          .filter((part) => part !== undefined && part !== beside)
          .map((part) => ` · ${part}`)
          .join('')}
      </span>
    </>
  );
}

/** What a person calls the key: its machine, else its own name. */
export const calledOf = ({ owner, name }: Pick<Key, 'owner' | 'name'>): string =>
  owner?.name === undefined || owner.name === '' ? name : owner.name;
