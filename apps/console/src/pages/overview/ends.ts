import { type Certificate, type Instance, type Schemas } from '../../api/schema';
import { rootKeyIdOf } from '../root-key/root-key-id';

export interface End {
  readonly kind: 'certificate' | 'server' | 'root_key' | 'key_manager';
  readonly name: string;
  readonly at: string;
  readonly urgency: 'bad' | 'warning' | 'none';
}

interface Known {
  readonly instance: Pick<Instance, 'endpoints' | 'health'>;
  readonly certificates: readonly Pick<Certificate, 'name' | 'expires_at'>[];
  readonly rootKey: Pick<Schemas['InstanceRootKey'], 'provider_ends_on' | 'provider'> | undefined;
  readonly now: Date;
}

const DAY_MS = 86_400_000;
/** As long as a change window takes to be had, and a quarter, in which whoever plans looks ahead. */
const BAD_DAYS = 14;
const WARNING_DAYS = 90;
const SHOWN = 8;

export function urgencyOf(at: string, now: Date): End['urgency'] {
  const days = (Date.parse(at) - now.getTime()) / DAY_MS;
  return days < BAD_DAYS ? 'bad' : days < WARNING_DAYS ? 'warning' : 'none';
}

/** The nearest ends, whatever kind of thing it is that ends. */
export function endsAhead({ instance, certificates, rootKey, now }: Known): readonly End[] {
  const end = (kind: End['kind'], name: string, at: string): End => ({ kind, name, at, urgency: urgencyOf(at, now) });
  return [
    ...certificates.map(({ name, expires_at }) => end('certificate', name, expires_at)),
    ...instance.endpoints.flatMap(({ name, server_certificate }) =>
      server_certificate === undefined ? [] : [end('server', name, server_certificate.expires_at)],
    ),
    ...instance.health.warnings.flatMap(({ expires_at, root_key_crn }) =>
      expires_at === undefined ? [] : [end('root_key', rootKeyIdOf(root_key_crn), expires_at)],
    ),
    ...(rootKey?.provider_ends_on === undefined
      ? []
      : [end('key_manager', rootKey.provider, rootKey.provider_ends_on)]),
  ]
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
    .slice(0, SHOWN);
}
