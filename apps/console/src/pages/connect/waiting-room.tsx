import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';

import { attemptsQuery, certificatesQuery } from '../../api/queries';
import { type Attempt, type Certificate } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { Empty } from '../../components/empty';
import { Loaded } from '../../components/loaded';
import { NeedsRole } from '../../components/needs-role';
import { Status } from '../../components/status';
import { When } from '../../components/times';
import { useVerdict } from '../../components/verdict-words';
import { Adopt } from '../diagnosis/adopt';
import { MakeClaim } from '../diagnosis/claims';
import { type Arrival, arrivalsOf, isStranger, strangersBeside } from './arrivals';

/** What is heard without the stream, as long as somebody waits. */
const WAITING_REFETCH_MS = 5_000;

interface WaitingRoomProps {
  readonly certificateId: string | undefined;
  readonly onChoose: (id: string) => void;
}

export function WaitingRoom({ certificateId, onChoose }: WaitingRoomProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const id = useId();
  const verdict = may('certificate.read');
  const query = useQuery({ ...certificatesQuery(instance.id), enabled: verdict.allowed });
  if (!verdict.allowed) return <NeedsRole verdict={verdict} />;
  return (
    <Loaded query={query}>
      {(certificates) => {
        if (certificates.length === 0) {
          return (
            <Empty title={t('connect.wait.nobody')}>
              <p>{t('connect.wait.nobodyText')}</p>
            </Empty>
          );
        }
        const chosen = certificates.find((one) => one.id === certificateId) ?? latestOf(certificates);
        return (
          <div className="k-form">
            <Select
              id={id}
              labelText={t('connect.wait.which')}
              value={chosen?.id ?? ''}
              onChange={({ target }) => onChoose(target.value)}
            >
              {certificates.map(({ id: one, name }) => (
                <SelectItem key={one} value={one} text={name} />
              ))}
            </Select>
            {chosen && <Arrivals certificate={chosen} onAdopted={onChoose} />}
          </div>
        );
      }}
    </Loaded>
  );
}

const latestOf = (certificates: readonly Certificate[]): Certificate | undefined =>
  [...certificates].sort((one, other) => Date.parse(other.created_at) - Date.parse(one.created_at))[0];

interface ArrivalsProps {
  readonly certificate: Certificate;
  readonly onAdopted: (id: string) => void;
}

function Arrivals({ certificate, onAdopted }: ArrivalsProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  // Who was refused is told to those who may add certificates.
  const verdict = may('certificate.create');
  const query = useQuery({
    ...attemptsQuery(instance.id),
    enabled: verdict.allowed,
    refetchInterval: WAITING_REFETCH_MS,
  });
  if (!verdict.allowed) return <LastSeen certificate={certificate} />;
  return (
    <Loaded query={query}>
      {({ connection_attempts }) => {
        const endpoints = instance.endpoints.map(({ name }) => name);
        const arrivals = arrivalsOf(certificate, endpoints, connection_attempts);
        return (
          <>
            <ul className="k-list" aria-live="polite">
              {arrivals.map((arrival) => (
                <li key={arrival.endpoint}>
                  <ArrivalRow arrival={arrival} onAdopted={onAdopted} />
                </li>
              ))}
              {strangersBeside(certificate, connection_attempts).map((attempt) => (
                <li key={attempt.id}>
                  <Refused attempt={attempt} onAdopted={onAdopted} />
                </li>
              ))}
            </ul>
            <p className="k-quiet">{t('connect.wait.nothing')}</p>
            <MakeClaim only="fingerprint" />
          </>
        );
      }}
    </Loaded>
  );
}

function LastSeen({ certificate: { last_seen } }: { readonly certificate: Certificate }) {
  const { t } = useTranslation();
  return last_seen === undefined ? (
    <Status tone="busy">{t('connect.wait.waiting')}</Status>
  ) : (
    <Status tone="good">
      {t('connect.wait.connected', { address: last_seen.address })} · <When at={last_seen.at} />
    </Status>
  );
}

interface ArrivalRowProps {
  readonly arrival: Arrival;
  readonly onAdopted: (id: string) => void;
}

function ArrivalRow({ arrival, onAdopted }: ArrivalRowProps) {
  const { t } = useTranslation();
  if (arrival.state === 'waiting') {
    return (
      <Status tone="busy">
        <strong>{arrival.endpoint}</strong> {t('connect.wait.waiting')}
      </Status>
    );
  }
  const { attempt } = arrival;
  if (arrival.state === 'connected') {
    return (
      <Status tone="good">
        <strong>{arrival.endpoint}</strong> {t('connect.wait.connected', { address: attempt.address })} ·{' '}
        <When at={attempt.last_at} />
      </Status>
    );
  }
  return <Refused attempt={attempt} onAdopted={onAdopted} />;
}

interface RefusedProps {
  readonly attempt: Attempt;
  readonly onAdopted: (id: string) => void;
}

function Refused({ attempt, onAdopted }: RefusedProps) {
  const { t } = useTranslation();
  const { message, remedy } = useVerdict()(attempt);
  return (
    <div className="k-arrival">
      <Status tone="bad">
        <strong>{attempt.endpoint}</strong> <span lang={message.lang}>{message.text}</span>
      </Status>
      <p>
        <strong>{t('common.remedy')}</strong> <span lang={remedy.lang}>{remedy.text}</span>
      </p>
      <p className="k-quiet">
        {t('connect.wait.from', { address: attempt.address })} · <When at={attempt.last_at} />
      </p>
      {isStranger(attempt) && <Adopt attempt={attempt} onAdopted={onAdopted} />}
    </div>
  );
}
