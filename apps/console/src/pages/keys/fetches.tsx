import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { auditQuery } from '../../api/queries';
import { type Key, type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { type Column, Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { Moment } from '../../components/times';

type AuditEvent = Schemas['InstanceAuditEvent'];

const SHOWN = 20;

/** Who asked for the key, as the audit trail has it; who may not read that is told the last one. */
export function Fetches({ of: key }: { readonly of: Key }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('audit.read');
  const query = useQuery({
    ...auditQuery(instance.id, { 'target.id': key.id, action: 'vmware-solutions.kmip-key.read', limit: SHOWN }),
    enabled: verdict.allowed,
  });
  if (!verdict.allowed) {
    return (
      <>
        <LastFetch of={key} />
        <NeedsRole verdict={verdict} />
      </>
    );
  }
  const columns: readonly Column<AuditEvent>[] = [
    { key: 'at', header: t('audit.at'), cell: ({ occurred_at }) => <Moment at={occurred_at} /> },
    {
      key: 'who',
      header: t('audit.initiator'),
      cell: ({ initiator }) => initiator.name ?? <code>{initiator.id}</code>,
    },
    { key: 'from', header: t('audit.address'), cell: ({ initiator }) => <code>{initiator.address ?? '–'}</code> },
    { key: 'at-endpoint', header: t('diagnosis.endpoint'), cell: ({ observer }) => observer },
    {
      key: 'outcome',
      header: t('audit.outcome'),
      cell: ({ outcome, reason }) => (
        <Status tone={outcome === 'success' ? 'good' : 'bad'}>
          {t(`audit.outcomes.${outcome}`)} {reason !== undefined && <code>{reason}</code>}
        </Status>
      ),
    },
  ];
  return (
    <Loaded query={query}>
      {({ audit_events }) =>
        audit_events.length === 0 ? (
          <p className="k-quiet">{t('key.fetches.none')}</p>
        ) : (
          <Rows label={t('key.fetches.title')} columns={columns} rows={audit_events} idOf={({ id }) => id} />
        )
      }
    </Loaded>
  );
}

function LastFetch({ of: { last_fetched } }: { readonly of: Key }) {
  const { t } = useTranslation();
  if (last_fetched === undefined) return <p className="k-quiet">{t('key.fetches.none')}</p>;
  return (
    <p>
      <Moment at={last_fetched.at} /> {last_fetched.certificate?.name ?? ''} {last_fetched.address ?? ''}
    </p>
  );
}
