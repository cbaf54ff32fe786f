import { Button, RadioButton, RadioButtonGroup } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { LeaveGuard, LossDialog } from '../../components/leave-guard';
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
    return <Done added={added} {...(!once && { onAnother: () => setAdded(undefined) })} />;
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

interface DoneProps {
  readonly added: Added;
  readonly onAnother?: () => void;
}

/** A private key is in this page alone until somebody has taken it. */
function Done({ added, onAnother }: DoneProps) {
  const { t } = useTranslation();
  const [isTaken, setTaken] = useState(added.way !== 'made');
  const [isAsked, setAsked] = useState(false);
  const loss = { title: t('connect.client.notTaken'), text: t('connect.client.notTakenText') };
  return (
    <div className="k-form">
      <AddedCertificate added={added} onTaken={() => setTaken(true)} />
      {!isTaken && <LeaveGuard {...loss} act={t('connect.client.leave')} />}
      {onAnother && (
        <Button kind="ghost" size="md" onClick={() => (isTaken ? onAnother() : setAsked(true))}>
          {t('connect.client.another')}
        </Button>
      )}
      {isAsked && onAnother && (
        <LossDialog {...loss} act={t('connect.client.another')} onStay={() => setAsked(false)} onLose={onAnother} />
      )}
    </div>
  );
}
