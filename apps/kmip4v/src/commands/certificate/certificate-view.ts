import { type Columns, type Toned } from '../../output/table';
import { bad, colons, day, time } from '../../output/views';
import { type ClientCertificate } from '../../tenant/resources';

const SOON_DAYS = 30;

function expiry({ expires_at: at, expires_in_days: days }: ClientCertificate): string | Toned {
  const text = `${day(at) ?? ''} (${days} d)`;
  if (days < 0) return bad(text);
  return days <= SOON_DAYS ? { text, tone: 'warning' } : text;
}

const activation = ({ activation: { complete, pending } }: ClientCertificate): string | Toned =>
  complete ? 'on all endpoints' : { text: `not yet on ${pending.join(', ')}`, tone: 'warning' };

/** Endpoints by themselves: a renewed server certificate goes from one to the next. */
function serverTrust({ server_trust: trust }: ClientCertificate): string | Toned | undefined {
  const at = (wanted: ClientCertificate['server_trust'][number]['state']): string =>
    trust.flatMap(({ endpoint, state }) => (state === wanted ? [endpoint] : [])).join(', ');
  const [present, former] = [at('trusts_present'), at('trusted_former')];
  if (former === '') return present === '' ? undefined : present;
  return { text: `${present === '' ? '' : `${present}; `}former one on ${former}`, tone: 'warning' };
}

export const CERTIFICATE_COLUMNS: Columns<ClientCertificate> = [
  ['name', ({ name }) => name],
  ['id', ({ id }) => id, 'whole'],
  ['subject', ({ subject }) => subject],
  ['expires', expiry],
  ['last seen', ({ last_seen: seen }) => time(seen?.at)],
  ['trusts our certificate on', serverTrust],
  ['proof', ({ proof }) => proof?.kind],
  ['new keys', ({ births }) => births.place],
];

export const CERTIFICATE_FIELDS: Columns<ClientCertificate> = [
  ...CERTIFICATE_COLUMNS,
  ['new keys, why', ({ births }) => births.message],
  ['honoured', activation],
  ['SHA-256', ({ sha256_fingerprint: fingerprint }) => colons(fingerprint)],
  ['SHA-1', ({ sha1_fingerprint: fingerprint }) => colons(fingerprint)],
  ['issuer', ({ issuer }) => issuer],
  ['serial number', ({ serial_number: serial }) => serial],
  ['key', ({ key_type: type }) => type],
  ['valid from', ({ valid_from: from }) => time(from)],
  ['seen from', ({ last_seen: seen }) => seen && `${seen.address}, on ${seen.endpoint}`],
  ['keys elsewhere', ({ keys_elsewhere: keys }) => keys],
  ['warnings', ({ warnings }) => warnings.map(({ message }) => message).join(' ')],
];
