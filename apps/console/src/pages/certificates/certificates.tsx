import { Add } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { certificatesQuery } from '../../api/queries';
import { type Certificate } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Empty } from '../../components/empty';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { type Column, Rows } from '../../components/rows';
import { Status } from '../../components/status';
import { Expiry, LastSeen } from './standing';

export function CertificatesPage() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('certificate.read');
  const query = useQuery({ ...certificatesQuery(instance.id), enabled: verdict.allowed });
  return (
    <InstancePage
      title={t('nav.certificates')}
      intro={<p>{t('certificates.intro')}</p>}
      actions={
        <Button as={Link} to="../connect" renderIcon={Add}>
          {t('certificates.add')}
        </Button>
      }
    >
      {verdict.allowed ? (
        <Loaded query={query} failed={t('certificates.unreadable')}>
          {(certificates) => (certificates.length === 0 ? <NoCertificates /> : <List certificates={certificates} />)}
        </Loaded>
      ) : (
        <NeedsRole verdict={verdict} />
      )}
    </InstancePage>
  );
}

function NoCertificates() {
  const { t } = useTranslation();
  return (
    <Empty
      title={t('certificates.empty.title')}
      action={
        <Button as={Link} to="../connect">
          {t('nav.connect')}
        </Button>
      }
    >
      <p>{t('certificates.empty.text')}</p>
    </Empty>
  );
}

function List({ certificates }: { readonly certificates: readonly Certificate[] }) {
  const { t } = useTranslation();
  const columns: readonly Column<Certificate>[] = [
    {
      key: 'name',
      header: t('certificate.name'),
      cell: ({ id, name }) => (
        <Link className="cds--link" to={id}>
          {name}
        </Link>
      ),
    },
    { key: 'seen', header: t('certificate.seen'), cell: (certificate) => <LastSeen certificate={certificate} /> },
    { key: 'expires', header: t('certificate.expires'), cell: ({ expires_at }) => <Expiry at={expires_at} /> },
    {
      key: 'proof',
      header: t('certificate.proof'),
      cell: ({ proof }) =>
        proof ? (
          <Status tone="good">{t(`certificate.proofs.${proof.kind}`)}</Status>
        ) : (
          <Status tone="none">{t('certificate.unproven')}</Status>
        ),
    },
    {
      key: 'births',
      header: t('certificate.births'),
      cell: ({ births }) => (
        <Status tone={births.place === 'here' ? 'good' : births.place === 'refused' ? 'bad' : 'none'}>
          {t(`certificate.place.${births.place}`)}
        </Status>
      ),
    },
  ];
  return <Rows label={t('nav.certificates')} columns={columns} rows={certificates} idOf={({ id }) => id} />;
}
