import { InlineLoading, Select, SelectItem, TextArea } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { certificatesQuery } from '../../api/queries';
import { type Schemas } from '../../api/schema';
import { useInstance } from '../../app/instance-layout';
import { When } from '../../components/times';
import { type Coverage, coverageIn, COVERAGES, type InventoryDocument, withCertificates } from './inventory-document';

type Certificate = Schemas['InstanceClientCertificate'];

/** What is said of client certificates: by the document, and by what is chosen beside it. */
export interface CertificatesSaid {
  readonly coverageOf: (fingerprint: string) => Coverage | undefined;
  readonly say: (fingerprint: string, coverage: Coverage | undefined) => void;
  /** Fingerprints of those that were looked at and are registered no more. */
  readonly removed: string;
  readonly setRemoved: (text: string) => void;
  readonly completed: (document: InventoryDocument) => InventoryDocument;
}

export function useCoverage(document: InventoryDocument | undefined): CertificatesSaid {
  const [said, setSaid] = useState<ReadonlyMap<string, Coverage | undefined>>(new Map());
  const [removed, setRemoved] = useState('');
  return {
    coverageOf: (fingerprint) =>
      said.has(fingerprint) || document === undefined ? said.get(fingerprint) : coverageIn(document, fingerprint),
    say: (fingerprint, coverage) => setSaid(new Map(said).set(fingerprint, coverage)),
    removed,
    setRemoved,
    completed: (complete) => withCertificates(complete, said, removed),
  };
}

interface CertificatesProps {
  readonly of: CertificatesSaid;
}

/** Of each client certificate: whether its vCenter was looked at, or needs no key. The service demands it of all. */
export function CoveredCertificates({ of: { coverageOf, say } }: CertificatesProps) {
  const { t } = useTranslation();
  const { instance } = useInstance();
  const { data: certificates } = useQuery(certificatesQuery(instance.id));
  return (
    <fieldset className="k-form">
      <legend>{t('reclaim.coverage.legend')}</legend>
      <p className="k-quiet">{t('reclaim.coverage.help')}</p>
      {certificates === undefined ? (
        <InlineLoading description={t('common.loading')} />
      ) : (
        certificates.map((certificate) => (
          <Said
            key={certificate.id}
            of={certificate}
            coverage={coverageOf(certificate.sha256_fingerprint)}
            onSay={(coverage) => say(certificate.sha256_fingerprint, coverage)}
          />
        ))
      )}
      {certificates?.length === 0 && <p className="k-quiet">{t('reclaim.coverage.none')}</p>}
    </fieldset>
  );
}

interface SaidProps {
  readonly of: Certificate;
  readonly coverage: Coverage | undefined;
  readonly onSay: (coverage: Coverage | undefined) => void;
}

function Said({ of: { name, last_seen: seen }, coverage, onSay }: SaidProps) {
  const { t } = useTranslation();
  const field = useId();
  return (
    <Select
      id={field}
      labelText={name}
      helperText={
        <>
          {t('reclaim.coverage.seen')} <When at={seen?.at} />
        </>
      }
      value={coverage ?? ''}
      onChange={({ target }) => onSay(COVERAGES.find((one) => one === target.value))}
    >
      <SelectItem value="" text={t('common.choose')} />
      {COVERAGES.map((one) => (
        <SelectItem key={one} value={one} text={t(`reclaim.coverage.${one}`)} />
      ))}
    </Select>
  );
}

/** Those that the service names though they are registered no more: whoever used them may have machines still. */
export function RemovedCertificates({ of: { removed, setRemoved } }: CertificatesProps) {
  const { t } = useTranslation();
  const field = useId();
  return (
    <TextArea
      id={field}
      labelText={t('reclaim.coverage.removed')}
      helperText={t('reclaim.coverage.removedHelp')}
      rows={2}
      value={removed}
      spellCheck={false}
      onChange={({ target }) => setRemoved(target.value)}
    />
  );
}
