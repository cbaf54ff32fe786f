import { Button, RadioButton, RadioButtonGroup } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { AddedCertificate } from './added-certificate';
import { type Added } from './add-props';
import { Clicks } from './clicks';
import { MakePair } from './make-pair';
import { RegisterCertificate } from './register-certificate';
import { SignRequest } from './sign-request';

/** The four options of vCenter's dialog "Make KMS trust vCenter". */
const METHODS = ['vcenter', 'request', 'pair', 'rootCa'] as const;
type Method = (typeof METHODS)[number];

interface AddCertificateProps {
  readonly suggestedName: string;
  /** Whether this is done with one, so that no other one is offered. */
  readonly once?: boolean;
  readonly onAdded: (certificateId: string) => void;
}

/**
 * How the service learns which client to let in: one way for each that vCenter offers. What came of it stays in place of
 * the ways until somebody wants another one, since a private key is shown this once.
 */
export function AddCertificate({ suggestedName, once = false, onAdded }: AddCertificateProps) {
  const { t } = useTranslation();
  const [method, setMethod] = useState<Method>('vcenter');
  const [added, setAdded] = useState<Added>();
  if (added !== undefined) {
    return (
      <div className="k-form">
        <AddedCertificate added={added} />
        {!once && (
          <Button kind="ghost" size="md" onClick={() => setAdded(undefined)}>
            {t('connect.client.another')}
          </Button>
        )}
      </div>
    );
  }
  const take = (what: Added): void => {
    setAdded(what);
    onAdded(what.way === 'made' ? what.pair.client_certificate.id : what.certificate.id);
  };
  const props = { suggestedName, onAdded: take };
  return (
    <div className="k-form">
      <RadioButtonGroup
        legendText={t('connect.client.method')}
        name="method"
        orientation="vertical"
        valueSelected={method}
        onChange={(value) => setMethod(value as Method)}
      >
        {METHODS.map((one) => (
          <RadioButton key={one} id={`method-${one}`} value={one} labelText={t(`connect.client.${one}`)} />
        ))}
      </RadioButtonGroup>
      <Clicks list={method} />
      {method === 'request' && <SignRequest {...props} />}
      {method === 'pair' && <MakePair {...props} />}
      {(method === 'vcenter' || method === 'rootCa') && <RegisterCertificate key={method} {...props} />}
    </div>
  );
}
