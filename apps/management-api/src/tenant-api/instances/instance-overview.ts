import { Inject, Injectable } from '@nestjs/common';

import { type InstanceId } from '@lib/kernel';
import { RestoreWatch } from '@lib/platform';
import { RootKeyProposals } from '@lib/service-instances';
import { ClientCertificateService, type Instance } from '@lib/tenancy';

import { rootKeyCrn } from '../root-key/root-key-crn';
import { keyMoveOf } from '../root-key/key-move-progress';
import { HealthOverview } from '../root-key/health-overview';
import { type Completeness } from './instance.response';
import { InstanceUse } from './instance-use';

/** Tells whether the database was restored from a backup and the operator has not released the instance yet. */
export interface RestoreHold {
  heldSince(instanceId: InstanceId): Date | undefined;
}

/** What else there is to say of an instance than what its own row holds. */
@Injectable()
export class InstanceOverview {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(HealthOverview) private readonly health: HealthOverview,
    @Inject(RootKeyProposals) private readonly proposals: RootKeyProposals,
    @Inject(RestoreWatch) private readonly restore: RestoreHold,
    @Inject(InstanceUse) private readonly use: InstanceUse,
  ) {}

  async of({ id }: Instance): Promise<Completeness> {
    const [certificates, watched, proposed] = await Promise.all([
      this.certificates.count(id),
      this.health.of(id),
      this.proposals.of(id),
    ]);
    const active = watched.rootKeys.map(({ binding }) => binding).find(({ status }) => status === 'active');
    const hasRootKey = active !== undefined;
    const { keyManagerCrn, rootKeyId } = proposed ?? {};
    const proposal =
      keyManagerCrn && (rootKeyId === undefined ? keyManagerCrn : rootKeyCrn({ keyManagerCrn, rootKeyId }));
    return {
      hasCertificate: certificates > 0,
      hasRootKey,
      hasCredential: watched.credentialId !== undefined,
      health: watched.health,
      keyMoves: watched.rootKeys.flatMap(({ move }) => (move === undefined ? [] : [keyMoveOf(move)])),
      proposedRootKeyCrn: hasRootKey ? undefined : proposal,
      restoreHeldSince: this.restore.heldSince(id),
      ...(await this.use.of(id, active?.rootKeyId)),
    };
  }
}
