import { useQuery } from '@tanstack/react-query';

import { isBound } from '../../api/is-bound';
import { certificatesQuery, rootKeyQuery } from '../../api/queries';
import { useInstance } from '../../app/instance-layout';
import { useNow } from '../../components/now';
import { type End, endsAhead } from './ends';

/** Of what the caller may see, the nearest first. */
export function useEnds(): readonly End[] {
  const { instance, may } = useInstance();
  const certificates = useQuery({ ...certificatesQuery(instance.id), enabled: may('certificate.read').allowed });
  const rootKeyIsThere = isBound(instance) && may('root-key.read').allowed;
  const rootKey = useQuery({ ...rootKeyQuery(instance.id), enabled: rootKeyIsThere });
  return endsAhead({ instance, certificates: certificates.data ?? [], rootKey: rootKey.data, now: useNow() });
}
