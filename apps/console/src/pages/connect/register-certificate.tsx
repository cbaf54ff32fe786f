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

/** The certificate that vCenter presents, whoever made it. */
export function RegisterCertificate({ suggestedName, onAdded }: AddProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const [name, setName] = useState(suggestedName);
  const [pem, setPem] = useState('');
  const add = useChange(instance.id, ['certificates', 'instance', 'attempts'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/client_certificates', {
        params: { path: { instance_id: instance.id } },
        body: { name, certificate: pem },
      }),
    ),
  );
  return (
    <>
      <NameField value={name} onChange={setName} />
      <PemField
        label={t('connect.client.certificate')}
        help={t('connect.client.certificateHelp')}
        wanted="certificate"
        value={pem}
        onChange={setPem}
      />
      {add.isError && <ProblemView problem={asProblem(add.error)} title={t('connect.client.failed')} />}
      <ActionButton
        verdict={may('certificate.create')}
        disabled={!isName(name) || pemKindOf(pem) !== 'certificate' || add.isPending}
        onClick={() =>
          add.mutate(undefined, { onSuccess: (certificate) => onAdded({ way: 'registered', certificate }) })
        }
      >
        {add.isPending ? t('common.working') : t('connect.client.add')}
      </ActionButton>
    </>
  );
}
