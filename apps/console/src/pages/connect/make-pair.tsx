import { Download } from '@carbon/icons-react';
import { Button, InlineNotification } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { download } from '../../components/download';
import { ProblemView } from '../../components/problem-view';
import { type AddProps } from './add-props';
import { isName, NameField } from './name-field';

/** A private key that is made here and given out once: it is in this page and nowhere else. */
export function MakePair({ suggestedName, onAdded }: AddProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [name, setName] = useState(suggestedName);
  const make = useChange(instance.id, ['certificates', 'instance', 'attempts'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/client_key_pairs', {
        params: { path: { instance_id: instance.id } },
        body: { name, encoding: 'pem' },
      }),
    ),
  );
  if (make.data) return <Made pair={make.data} />;
  return (
    <>
      <NameField value={name} onChange={setName} />
      {make.isError && <ProblemView problem={asProblem(make.error)} title={t('connect.client.failed')} />}
      <ActionButton
        verdict={may('certificate.create')}
        disabled={!isName(name) || make.isPending}
        onClick={() =>
          make.mutate(undefined, { onSuccess: ({ client_certificate }) => onAdded(client_certificate.id) })
        }
      >
        {make.isPending ? t('common.working') : t('connect.client.make')}
      </ActionButton>
    </>
  );
}

function Made({ pair }: { readonly pair: Schemas['InstanceClientKeyPair'] }) {
  const { t } = useTranslation();
  const { name } = pair.client_certificate;
  return (
    <>
      <InlineNotification
        lowContrast
        hideCloseButton
        kind="warning"
        role="status"
        statusIconDescription={t('common.warning')}
        title={t('connect.client.made')}
        subtitle={t('connect.client.madeText')}
      />
      <div className="k-actions">
        <Button renderIcon={Download} onClick={() => download(`${name}.key`, pair.private_key ?? '')}>
          {t('connect.client.downloadKey')}
        </Button>
        <Button kind="tertiary" renderIcon={Download} onClick={() => download(`${name}.pem`, pair.certificate)}>
          {t('connect.client.downloadCertificate')}
        </Button>
      </div>
    </>
  );
}
