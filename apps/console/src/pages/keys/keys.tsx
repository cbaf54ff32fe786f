import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useSearchParams } from 'react-router';

import { keysQuery } from '../../api/queries';
import { type Key } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { Pager } from '../../components/pager';
import { type Column, Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { Day, When } from '../../components/times';
import { useWords } from '../../i18n/words';
import { FILTERS, identifierIn, keyQueryOf } from './key-search';
import { KeyState } from './key-state';
import { KeyFilters } from './key-filters';
import { calledOf } from './owner';

export function KeysPage() {
  const { t } = useTranslation();
  const { may } = useInstance();
  const verdict = may('key.list');
  return (
    <InstancePage title={t('nav.keys')} intro={<p>{t('keys.intro')}</p>}>
      {verdict.allowed ? <Search /> : <NeedsRole verdict={verdict} />}
    </InstancePage>
  );
}

function Search() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search] = useSearchParams();
  const identifier = identifierIn(search);
  const query = useQuery({ ...keysQuery(instance.id, keyQueryOf(search)), enabled: identifier === undefined });
  if (identifier !== undefined) return <Navigate replace to={`/instances/${instance.id}/keys/${identifier}`} />;
  const filtered = FILTERS.some((name) => name !== 'sort' && name !== 'by' && search.has(name));
  return (
    <>
      <KeyFilters />
      <Loaded paged query={query} failed={t('keys.unreadable')}>
        {({ keys, next }) => (
          <>
            {keys.length === 0 ? <NoKeys filtered={filtered} /> : <Found keys={keys} />}
            <Pager next={next?.start} />
          </>
        )}
      </Loaded>
    </>
  );
}

function NoKeys({ filtered }: { readonly filtered: boolean }) {
  const { t } = useTranslation();
  const kind = filtered ? 'filtered' : 'empty';
  return (
    <Empty title={t(`keys.${kind}.title`)}>
      <p>{t(`keys.${kind}.text`)}</p>
    </Empty>
  );
}

function Found({ keys }: { readonly keys: readonly Key[] }) {
  const { t } = useTranslation();
  const columns: readonly Column<Key>[] = [
    { key: 'owner', header: t('key.owner'), cell: (key) => <Identity of={key} /> },
    { key: 'state', header: t('key.stateTitle'), cell: (key) => <KeyState of={key} /> },
    { key: 'served', header: t('key.served'), cell: (key) => <Served of={key} /> },
    { key: 'created', header: t('key.created'), cell: ({ created_at }) => <Day at={created_at} /> },
    { key: 'fetched', header: t('key.fetched'), cell: ({ last_fetched }) => <When at={last_fetched?.at} /> },
  ];
  return <Rows label={t('nav.keys')} columns={columns} rows={keys} idOf={({ id }) => id} />;
}

/** What it protects, and the identifier by which vCenter names the key of a locked machine. */
function Identity({ of: key }: { readonly of: Key }) {
  const { id, name, owner } = key;
  return (
    <div className="k-lines">
      <span>
        <Link className="cds--link" to={id}>
          {calledOf(key)}
        </Link>
        {owner?.component !== undefined && <span className="k-quiet"> · {owner.component}</span>}
      </span>
      {calledOf(key) !== id && <code className="k-quiet">{id}</code>}
      {name !== id && name !== calledOf(key) && <code className="k-quiet">{name}</code>}
    </div>
  );
}

/** Whether a client gets it, and if not, why. */
export function Served({ of: { servable, unservable } }: { readonly of: Key }) {
  const { t } = useTranslation();
  const said = useWords();
  if (servable) return <Status tone="good">{t('key.isServed')}</Status>;
  if (unservable === undefined) return <Status tone="none">{t('key.notServed')}</Status>;
  const { text, lang } = said('obstacle', unservable.code, unservable.message);
  return (
    <Status tone={unservable.code.startsWith('key_') ? 'none' : 'bad'}>
      <span lang={lang}>{text}</span>
    </Status>
  );
}
