import { Inject } from '@nestjs/common';

import {
  ClientCertificateService,
  type Instance,
  RootKeyBindingService,
  RootKeyProposals,
  TenancyError,
} from '@lib/tenancy';

import { rootKeyCrn } from '../root-key/root-key-crn';
import { type Completeness } from './instance.response';

/** What else there is to say of an instance than what its own row holds. */
export class InstanceOverview {
  constructor(
    @Inject(ClientCertificateService) private readonly certificates: ClientCertificateService,
    @Inject(RootKeyBindingService) private readonly bindings: RootKeyBindingService,
    @Inject(RootKeyProposals) private readonly proposals: RootKeyProposals,
  ) {}

  async of({ id }: Instance): Promise<Completeness> {
    const [certificates, bindings, credential, proposed] = await Promise.all([
      this.certificates.list(id),
      this.bindings.list(id),
      this.bindings.getCredential(id).catch((error: unknown) => {
        if (error instanceof TenancyError && error.code === 'credential_not_set') return undefined;
        throw error;
      }),
      this.proposals.of(id),
    ]);
    const hasRootKey = bindings.some(({ status }) => status === 'active');
    const { keyManagerCrn, rootKeyId } = proposed ?? {};
    const proposal =
      keyManagerCrn && (rootKeyId === undefined ? keyManagerCrn : rootKeyCrn({ keyManagerCrn, rootKeyId }));
    return {
      hasCertificate: certificates.length > 0,
      hasRootKey,
      hasCredential: credential !== undefined,
      proposedRootKeyCrn: hasRootKey ? undefined : proposal,
    };
  }
}
