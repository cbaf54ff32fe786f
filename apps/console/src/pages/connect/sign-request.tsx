import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { pemKindOf } from '../../components/pem';
import { PemField } from '../../components/pem-field';
import { ProblemView } from '../../components/problem-view';
import { type AddProps } from './add-props';
import { isName, NameField } from './name-field';

/** vCenter keeps its private key, and gets back a certificate of ours. */
export function SignRequest({ suggestedName, onAdded }: AddProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [name, setName] = useState(suggestedName);
  const [request, setRequest] = useState('');
  const sign = useChange(instance.id, ['certificates', 'instance', 'attempts'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/client_certificates', {
        params: { path: { instance_id: instance.id } },
        body: { name, certificate_signing_request: request },
      }),
    ),
  );
  return (
    <>
      <NameField value={name} onChange={setName} />
      <PemField
        label={t('connect.client.csr')}
        help={t('connect.client.csrHelp')}
        wanted="request"
        value={request}
        onChange={setRequest}
      />
      {sign.isError && <ProblemView problem={asProblem(sign.error)} title={t('connect.client.failed')} />}
      <ActionButton
        verdict={may('certificate.create')}
        disabled={!isName(name) || pemKindOf(request) !== 'request' || sign.isPending}
        onClick={() => sign.mutate(undefined, { onSuccess: (certificate) => onAdded({ way: 'signed', certificate }) })}
      >
        {sign.isPending ? t('common.working') : t('connect.client.sign')}
      </ActionButton>
    </>
  );
}
