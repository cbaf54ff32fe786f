import { Select, SelectItem, TextInput } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem } from '../../api/problem';
import { claimsQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { Breakable } from '../../components/breakable';
import { withColons } from '../../components/fingerprint';
import { Loaded } from '../../components/loaded';
import { ProblemView } from '../../components/problem-view';
import { Status } from '../../components/status';
import { useVerdict } from '../../components/verdict-words';

type Claim = Schemas['InstanceCertificateClaim'];

const KINDS = ['fingerprint', 'subject', 'address_range'] as const;

/** A stranger that was refused belongs to nobody: who has its certificate says so here, and sees it from then on. */
export function Claims() {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const query = useQuery(claimsQuery(instance.id));
  return (
    <div className="k-form">
      <Loaded query={query}>
        {(claims) =>
          claims.length > 0 && (
            <ul className="k-list">
              {claims.map((claim) => (
                <ClaimRow key={claim.id} claim={claim} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <MakeClaim />
      <p className="k-quiet">{t('claims.counted')}</p>
    </div>
  );
}

function ClaimRow({ claim }: { readonly claim: Claim }) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const said = useVerdict();
  const remove = useChange(instance.id, ['attempts'], () =>
    answerOf(
      api.DELETE('/v1/instances/{instance_id}/certificate_claims/{id}', {
        params: { path: { instance_id: instance.id, id: claim.id } },
      }),
    ),
  );
  return (
    <li>
      <div>
        <p>
          {t(`claims.kind.${claim.kind}`)}{' '}
          <code>
            <Breakable text={claim.kind === 'fingerprint' ? withColons(claim.value) : claim.value} />
          </code>
        </p>
        <p className="k-quiet">{t('claims.refused', { count: claim.refused_connections })}</p>
        {claim.refusals.map((refusal) => (
          <p key={refusal.verdict} lang={said(refusal).message.lang}>
            {said(refusal).message.text} {said(refusal).remedy.text}
          </p>
        ))}
        {remove.isError && <ProblemView problem={asProblem(remove.error)} />}
      </div>
      <ActionButton
        kind="ghost"
        size="sm"
        verdict={may('certificate.create')}
        disabled={remove.isPending}
        onClick={() => remove.mutate()}
      >
        {t('claims.remove')}
      </ActionButton>
    </li>
  );
}

interface MakeClaimProps {
  /** Where nothing else helps. */
  readonly only?: Claim['kind'];
}

export function MakeClaim({ only }: MakeClaimProps) {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const id = useId();
  const [kind, setKind] = useState<Claim['kind']>(only ?? 'fingerprint');
  const [value, setValue] = useState('');
  const make = useChange(instance.id, ['attempts'], () =>
    answerOf(
      api.POST('/v1/instances/{instance_id}/certificate_claims', {
        params: { path: { instance_id: instance.id } },
        body: { kind, value: value.trim() },
      }),
    ),
  );
  return (
    <div className="k-filters">
      {only === undefined && (
        <Select
          id={`${id}kind`}
          labelText={t('claims.what')}
          value={kind}
          onChange={({ target }) => setKind(KINDS.find((one) => one === target.value) ?? 'fingerprint')}
        >
          {KINDS.map((one) => (
            <SelectItem key={one} value={one} text={t(`claims.kind.${one}`)} />
          ))}
        </Select>
      )}
      <TextInput
        id={`${id}value`}
        labelText={t(`claims.value.${kind}`)}
        value={value}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => setValue(target.value)}
      />
      <ActionButton
        kind="tertiary"
        size="md"
        verdict={may('certificate.create')}
        disabled={value.trim() === '' || make.isPending}
        onClick={() => make.mutate(undefined, { onSuccess: () => setValue('') })}
      >
        {t('claims.make')}
      </ActionButton>
      {make.isError && <ProblemView problem={asProblem(make.error)} title={t('claims.failed')} />}
      {make.isSuccess && (
        <div role="status">
          <Status tone="good">{t(`claims.made.${make.data.kind}`)}</Status>
        </div>
      )}
    </div>
  );
}
