import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams, useSearchParams } from 'react-router';

import { certificatesQuery, sightingsQuery } from '../../api/queries';
import { type Certificate } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { InstancePage } from '../../components/instance-page';
import { Loaded } from '../../components/loaded';
import { useNow } from '../../components/now';
import { Section } from '../../components/page';
import { Status } from '../../components/status';
import { When } from '../../components/times';
import { AddCertificate } from '../connect/add-certificate';
import { WaitingRoom } from '../connect/waiting-room';
import { missingPlaces, sightingsOf } from './places';
import { RemoveCertificate } from './remove-certificate';

/** As long as a host may be down for repair, and still come back with the old certificate. */
const STILL_USED_MS = 30 * 86_400_000;

/** A certificate for another, side by side: add, wait until everybody has changed, remove. */
export function RenewPage() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const verdict = may('certificate.create');
  const { certificate: id = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const query = useQuery({ ...certificatesQuery(instance.id), enabled: verdict.allowed });
  return (
    <InstancePage
      verdict={verdict}
      title={t('renew.title')}
      crumbs={[
        { to: 'certificates', text: t('nav.certificates') },
        { to: `certificates/${id}`, text: query.data?.find((one) => one.id === id)?.name ?? t('certificate.title') },
      ]}
      intro={<p>{t('renew.intro')}</p>}
    >
      <Loaded query={query}>
        {(certificates) => {
          const old = certificates.find((one) => one.id === id);
          if (old === undefined) return <p>{t('renew.gone')}</p>;
          const next = certificates.find((one) => one.id === search.get('by'));
          const choose = (by: string): void => setSearch({ by }, { replace: true });
          return <Steps old={old} next={next} onChoose={choose} />;
        }}
      </Loaded>
    </InstancePage>
  );
}

interface StepsProps {
  readonly old: Certificate;
  readonly next: Certificate | undefined;
  readonly onChoose: (id: string) => void;
}

function Steps({ old, next, onChoose }: StepsProps) {
  const { t } = useTranslation();
  // What was made here is shown this once: it stays when the certificate is known.
  const [addedHere, setAddedHere] = useState(false);
  const add = (id: string): void => {
    setAddedHere(true);
    onChoose(id);
  };
  return (
    <>
      <Section title={t('renew.add.title')} intro={t('renew.add.intro')}>
        {next === undefined || addedHere ? (
          <AddCertificate once suggestedName={nextNameOf(old.name)} onAdded={add} />
        ) : (
          <Status tone="good">{t('connect.client.added', { name: next.name })}</Status>
        )}
      </Section>
      <Section title={t('renew.wait.title')} intro={t('renew.wait.intro')}>
        <WaitingRoom certificateId={next?.id} onChoose={onChoose} />
      </Section>
      <Section title={t('renew.remove.title')} intro={t('renew.remove.intro')}>
        <Retire old={old} next={next} />
      </Section>
    </>
  );
}

/** `vcenter` gives `vcenter-2`, and `vcenter-2` gives `vcenter-3`. */
export function nextNameOf(name: string): string {
  const [, stem = name, number = '1'] = /^(.*?)(?:-(\d+))?$/.exec(name) ?? [];
  return `${stem.slice(0, 58)}-${String(Number(number) + 1)}`;
}

function Retire({ old, next }: { readonly old: Certificate; readonly next: Certificate | undefined }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const navigate = useNavigate();
  const now = useNow();
  const [asked, setAsked] = useState(false);
  const query = useQuery(sightingsQuery(instance.id));
  return (
    <Loaded query={query}>
      {(attempts) => {
        const of = (one: Certificate) => sightingsOf(one.sha256_fingerprint, attempts);
        const since = new Date(now.getTime() - STILL_USED_MS);
        const missing = next === undefined ? [] : missingPlaces(of(old), of(next), since);
        const arrived = next !== undefined && of(next).length > 0 && missing.length === 0;
        return (
          <div className="k-form">
            <Status tone={arrived ? 'good' : 'busy'}>
              {arrived ? t('renew.remove.safe') : t('renew.remove.notYet')}
            </Status>
            {missing.length > 0 && (
              <ul className="k-list">
                {missing.map(({ endpoint, address, at }) => (
                  <li key={endpoint + address}>
                    <span>{t('renew.remove.still', { address, endpoint })}</span>
                    <span className="k-quiet">
                      <When at={at} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
            <ActionButton
              kind="danger--tertiary"
              verdict={may('certificate.delete')}
              disabled={!arrived}
              onClick={() => setAsked(true)}
            >
              {t('renew.remove.act')}
            </ActionButton>
            {asked && (
              <RemoveCertificate
                certificate={old}
                onClose={() => setAsked(false)}
                onDone={() => void navigate(`/instances/${instance.id}/certificates`)}
              />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
