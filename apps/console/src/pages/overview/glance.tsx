import { ProgressBar } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { certificatesQuery } from '../../api/queries';
import { type Instance } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { useNow } from '../../components/now';
import { Status } from '../../components/status';
import { useTimes } from '../../components/times';
import { useEnds } from './use-ends';

/** Clients ask at least once a week, or they are asleep. */
const LATELY_MS = 7 * 86_400_000;

export function Glance() {
  const { instance } = useInstance();
  return (
    <div className="k-glance">
      <KeysTile instance={instance} />
      <CertificatesTile instance={instance} />
      <NextEndTile />
      {instance.key_moves.map((move) => (
        <MoveTile key={move.root_key_crn} move={move} />
      ))}
    </div>
  );
}

interface TileProps {
  readonly title: string;
  readonly to: string;
  readonly children: ReactNode;
}

function GlanceTile({ title, to, children }: TileProps) {
  return (
    <div className="k-tile" role="group" aria-label={title}>
      <h3>
        <Link className="cds--link" to={`../${to}`}>
          {title}
        </Link>
      </h3>
      {children}
    </div>
  );
}

function KeysTile({ instance }: { readonly instance: Instance }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  return (
    <GlanceTile title={t('nav.keys')} to="keys">
      <p className="k-tile__figure">{number(instance.live_keys)}</p>
      <p className="k-quiet">{t('overview.glance.keys')}</p>
    </GlanceTile>
  );
}

function CertificatesTile({ instance: { id } }: { readonly instance: Instance }) {
  const { t } = useTranslation();
  const { may } = useInstance();
  const { number } = useTimes();
  const allowed = may('certificate.read').allowed;
  const { data } = useQuery({ ...certificatesQuery(id), enabled: allowed });
  const since = useNow().getTime() - LATELY_MS;
  const seen = data?.filter(({ last_seen }) => last_seen !== undefined && Date.parse(last_seen.at) > since).length;
  return (
    <GlanceTile title={t('nav.certificates')} to="certificates">
      <p className="k-tile__figure">{data === undefined ? '–' : number(data.length)}</p>
      <p className="k-quiet">
        {seen === undefined
          ? t(allowed ? 'overview.glance.certificates' : 'overview.glance.notShown')
          : t('overview.glance.seen', { count: seen })}
      </p>
    </GlanceTile>
  );
}

/** What a change window is needed for first. */
function NextEndTile() {
  const { t } = useTranslation();
  const now = useNow();
  const { age } = useTimes();
  const [end] = useEnds();
  if (end === undefined) return null;
  return (
    <GlanceTile title={t('overview.glance.nextEnd')} to="certificates">
      <p className="k-tile__figure">{age(new Date(end.at), now)}</p>
      <Status tone={end.urgency}>{t(`overview.ahead.${end.kind}`, { name: end.name })}</Status>
    </GlanceTile>
  );
}

function MoveTile({ move }: { readonly move: Instance['key_moves'][number] }) {
  const { t } = useTranslation();
  const { number } = useTimes();
  const moving = move.state === 'moving' || move.state === 'settling';
  return (
    <GlanceTile title={t(move.former ? 'overview.glance.move' : 'overview.glance.rotation')} to="root-key">
      <p className="k-tile__figure">{number(move.keys_left)}</p>
      <p className="k-quiet">{t(`move.left.${move.state}`)}</p>
      {moving && <ProgressBar hideLabel label={t('move.left.moving')} size="small" />}
    </GlanceTile>
  );
}
