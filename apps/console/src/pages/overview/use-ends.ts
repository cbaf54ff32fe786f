import { useQuery } from '@tanstack/react-query';

import { certificatesQuery, rootKeyQuery } from '../../api/queries';
import { useInstance } from '../../app/instance-layout';
import { useNow } from '../../components/now';
import { type End, endsAhead } from './ends';

/** Of what the caller may see, the nearest first. */
export function useEnds(): readonly End[] {
  const { instance, may } = useInstance();
  const certificates = useQuery({ ...certificatesQuery(instance.id), enabled: may('certificate.read').allowed });
  const bound = instance.next_step.code !== 'set_credential' && instance.next_step.code !== 'set_root_key';
  const rootKey = useQuery({ ...rootKeyQuery(instance.id), enabled: bound && may('root-key.read').allowed });
  return endsAhead({ instance, certificates: certificates.data ?? [], rootKey: rootKey.data, now: useNow() });
}
