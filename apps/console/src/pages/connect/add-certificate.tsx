import { RadioButton, RadioButtonGroup } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type AddProps } from './add-props';
import { Clicks } from './clicks';
import { MakePair } from './make-pair';
import { RegisterCertificate } from './register-certificate';
import { SignRequest } from './sign-request';

/** The four options of vCenter's dialog "Make KMS trust vCenter". */
const METHODS = ['vcenter', 'request', 'pair', 'rootCa'] as const;
type Method = (typeof METHODS)[number];

/** How the service learns which client to let in: one way for each that vCenter offers. */
export function AddCertificate(props: AddProps) {
  const { t } = useTranslation();
  const [method, setMethod] = useState<Method>('vcenter');
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
