import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { sightingsQuery } from '../../api/queries';
import { type Certificate } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { type Column, Rows } from '../../components/rows';
import { Moment, useTimes, When } from '../../components/times';
import { type Sighting, sightingsOf } from './places';

/** Each endpoint and address at which a client was let in with the certificate. */
export function Sightings({ certificate }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  const { instance, may } = useInstance();
  const verdict = may('certificate.create');
  const query = useQuery({ ...sightingsQuery(instance.id), enabled: verdict.allowed });
  if (!verdict.allowed) return <NeedsRole verdict={verdict} />;
  const columns: readonly Column<Sighting>[] = [
    { key: 'endpoint', header: t('diagnosis.endpoint'), cell: ({ endpoint }) => endpoint },
    { key: 'address', header: t('diagnosis.address'), cell: ({ address }) => <code>{address}</code> },
    {
      key: 'last',
      header: t('diagnosis.last'),
      cell: ({ at }) => (
        <>
          <When at={at} />{' '}
          <span className="k-quiet">
            · <Moment at={at} />
          </span>
        </>
      ),
    },
    { key: 'count', header: t('diagnosis.count'), numeric: true, cell: ({ occurrences }) => number(occurrences) },
  ];
  return (
    <Loaded query={query}>
      {(attempts) => {
        const sightings = sightingsOf(certificate.sha256_fingerprint, attempts);
        if (sightings.length === 0) return <p className="k-quiet">{t('certificate.neverSeen')}</p>;
        return (
          <Rows
            label={t('certificate.sightings')}
            columns={columns}
            rows={sightings}
            idOf={({ endpoint, address }) => `${endpoint} ${address}`}
          />
        );
      }}
    </Loaded>
  );
}
