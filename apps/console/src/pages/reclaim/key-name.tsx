import { Link } from 'react-router';

import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { calledOf } from '../keys/owner';

/** What the key protects, which leads to the key. */
export function KeyName({ of: key }: { readonly of: Schemas['InstanceReclaimCandidate'] }) {
  const { instance } = useInstance();
  return (
    <div className="k-lines">
      <Link className="cds--link" to={`/instances/${instance.id}/keys/${key.id}`}>
        {calledOf(key)}
      </Link>
      {calledOf(key) !== key.id && <code className="k-quiet">{key.id}</code>}
    </div>
  );
}
