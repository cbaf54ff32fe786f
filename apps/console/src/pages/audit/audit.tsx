import { Button, Select, SelectItem, TextInput } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { auditQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Copyable } from '../../components/copyable';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { Section } from '../../components/page';
import { Pager } from '../../components/pager';
import { type Column, Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { Moment } from '../../components/times';
import { AUDIT_FILTERS, auditQueryOf } from './audit-search';
import { ExportLog } from './export-log';
import { VerifyLog } from './verify-log';

/** Keys that are fetched and calls that are refused are told by no event: who watches the trail looks himself. */
const FOLLOW_MS = 5_000;
/** Enough to compare by eye; what is copied is the whole. */
const SHOWN_OF_ID = 8;

type AuditEvent = Schemas['InstanceAuditEvent'];

export function AuditPage() {
  const { t } = useTranslation();
  const { may } = useInstance();
  const verdict = may('audit.read');
  return (
    <InstancePage
      title={t('nav.audit')}
      intro={<p>{t('audit.intro')}</p>}
      verdict={verdict}
      actions={verdict.allowed && <ExportLog />}
    >
      <Filters />
      <Events />
      <Section title={t('audit.verify.title')} intro={t('audit.verify.intro')}>
        <VerifyLog />
      </Section>
    </InstancePage>
  );
}

function Filters() {
  const { t } = useTranslation();
  const id = useId();
  const [search, setSearch] = useSearchParams();
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(search);
    next.delete('start');
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next, { replace: true });
  };
  return (
    <form
      className="k-filters"
      role="search"
      aria-label={t('audit.search')}
      onSubmit={(event) => event.preventDefault()}
    >
      {AUDIT_FILTERS.map((name) =>
        name === 'outcome' ? (
          <Select
            key={name}
            id={id + name}
            labelText={t('audit.outcome')}
            value={search.get(name) ?? ''}
            onChange={({ target }) => set(name, target.value)}
          >
            <SelectItem value="" text={t('keys.any')} />
            <SelectItem value="success" text={t('audit.outcomes.success')} />
            <SelectItem value="failure" text={t('audit.outcomes.failure')} />
          </Select>
        ) : (
          <TextInput
            key={name}
            id={id + name}
            type={name === 'from' || name === 'to' ? 'date' : 'text'}
            labelText={t(`audit.filter.${name}`)}
            value={search.get(name) ?? ''}
            autoComplete="off"
            onChange={({ target }) => set(name, target.value)}
          />
        ),
      )}
      <Button kind="ghost" size="md" onClick={() => setSearch({})}>
        {t('keys.clear')}
      </Button>
    </form>
  );
}

function Events() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const [search] = useSearchParams();
  const query = useQuery({
    ...auditQuery(instance.id, auditQueryOf(search)),
    refetchInterval: search.has('start') ? false : FOLLOW_MS,
  });
  const columns: readonly Column<AuditEvent>[] = [
    { key: 'at', header: t('audit.at'), cell: ({ occurred_at }) => <Moment at={occurred_at} /> },
    { key: 'action', header: t('audit.action'), cell: ({ action }) => <code>{shortOf(action)}</code> },
    {
      key: 'outcome',
      header: t('audit.outcome'),
      cell: ({ outcome, reason }) => (
        <Status tone={outcome === 'success' ? 'good' : 'bad'}>
          {t(`audit.outcomes.${outcome}`)} {reason !== undefined && <code>{reason}</code>}
        </Status>
      ),
    },
    {
      key: 'who',
      header: t('audit.initiator'),
      cell: ({ initiator: { id, name, address } }) => (
        <div className="k-lines">
          <span>{name ?? id}</span>
          {address !== undefined && <code className="k-quiet">{address}</code>}
        </div>
      ),
    },
    {
      key: 'target',
      header: t('audit.target'),
      cell: ({ target }) => (target === undefined ? '–' : (target.name ?? <code>{target.id}</code>)),
    },
    {
      key: 'correlation',
      header: t('problem.trace'),
      cell: ({ correlation_id: id }) => (
        <Copyable what={t('problem.trace')} text={id} shown={id.slice(0, SHOWN_OF_ID)} />
      ),
    },
  ];
  return (
    <Loaded paged query={query} failed={t('audit.unreadable')}>
      {({ audit_events, next }) => (
        <>
          {audit_events.length === 0 ? (
            <Empty title={t('audit.empty.title')}>
              <p>{t('audit.empty.text')}</p>
            </Empty>
          ) : (
            <Rows label={t('nav.audit')} columns={columns} rows={audit_events} idOf={({ id }) => id} />
          )}
          <Pager next={next?.start} />
        </>
      )}
    </Loaded>
  );
}

/** What all actions begin with says nothing here. */
const shortOf = (action: string): string => action.replace(/^vmware-solutions\./, '');
