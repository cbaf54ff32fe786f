import { type BirthReason, type CertificateBirths } from '@lib/tenancy';

const HOW_TO_PROVE =
  'issue a KMIP password for this instance and enter it with its user name in the settings of the key provider in vCenter';

/** What each reason means to the owner of the instance that is asked; none tells about another one. */
const SENTENCES: Readonly<Record<BirthReason, string>> = {
  proven: 'New keys are born here: the certificate is proven to be of this instance.',
  established:
    `New keys are born here: the certificate was in use here before anybody else registered it. To prove it as well, ` +
    `${HOW_TO_PROVE}.`,
  recognized: `New keys are born here: the certificate knows keys of this instance. To prove it as well, ${HOW_TO_PROVE}.`,
  only_registration:
    `New keys are born here, since no other instance registers the certificate. Knowing a certificate proves nothing: ` +
    `before others register it too, ${HOW_TO_PROVE}.`,
  known_elsewhere:
    `New keys are born in another instance that the certificate is known to be of. If it is yours, ${HOW_TO_PROVE}. ` +
    'Existing keys of this instance are served all the same.',
  certificate_unproven:
    `New keys are refused: another instance registers the certificate too, and nothing shows whose it is. To prove ` +
    `that it is yours, ${HOW_TO_PROVE}. Existing keys are served all the same.`,
  proof_required:
    `New keys are refused: the operator demands proof that the certificate is yours. To prove it, ${HOW_TO_PROVE}. ` +
    'Existing keys are served all the same.',
  registration_not_serving:
    'New keys are refused: the registration that the certificate is known to be of was removed or is not served at ' +
    `the moment. Enable that instance or register the certificate there again; to use it here, ${HOW_TO_PROVE}.`,
};

export const birthsResponse = ({ place, reason }: CertificateBirths): object => ({
  place,
  reason,
  message: SENTENCES[reason],
});
