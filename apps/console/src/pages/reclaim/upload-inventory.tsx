import { Upload } from '@carbon/icons-react';
import { Button, TextArea, TextInput } from '@carbon/react';
import { useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { answerOf, api } from '../../api/client';
import { asProblem, type Problem } from '../../api/problem';
import { useChange } from '../../api/use-change';
import { useInstance } from '../../app/instance-layout';
import { ActionButton } from '../../components/action-button';
import { ProblemView } from '../../components/problem-view';
import { type CertificatesSaid, CoveredCertificates, RemovedCertificates, useCoverage } from './covered-certificates';
import { type InventoryDocument, readInventory } from './inventory-document';

/** More than 25,000 identifiers, which is what the service takes at most. */
const MAXIMUM_FILE_BYTES = 4_194_304;

/** Which keys are in use, as found in all vCenters: a file, or lines that were pasted. */
export function UploadInventory() {
  const { t } = useTranslation();
  const { instance, may } = useInstance();
  const textField = useId();
  const [text, setText] = useState('');
  const [source, setSource] = useState('');
  const [takenAt, setTakenAt] = useState('');
  const read = readInventory(text, { source, takenAt });
  const [document, fault] = typeof read === 'string' ? [undefined, read] : [read, undefined];
  const certificates = useCoverage(document);
  const wanted = text.trim() !== '';
  const upload = useChange(instance.id, ['reclaim', 'audit'], (body: InventoryDocument) =>
    answerOf(
      api.PUT('/v1/instances/{instance_id}/inventory', { params: { path: { instance_id: instance.id } }, body }),
    ),
  );
  const isDocument = text.trimStart().startsWith('{');
  return (
    <div className="k-form">
      <TextArea
        id={textField}
        labelText={t('reclaim.upload.label')}
        helperText={t('reclaim.upload.help')}
        rows={6}
        value={text}
        spellCheck={false}
        autoComplete="off"
        invalid={wanted && isDocument && fault !== undefined}
        invalidText={fault && t(`reclaim.upload.fault.${fault}`)}
        onChange={({ target }) => setText(target.value)}
      />
      <FileChooser onText={setText} />
      {wanted && !isDocument && (
        <Beside source={source} takenAt={takenAt} onSource={setSource} onTakenAt={setTakenAt} />
      )}
      {wanted && <CoveredCertificates of={certificates} />}
      {upload.isError && <Refused problem={asProblem(upload.error)} certificates={certificates} />}
      <div className="k-actions">
        <ActionButton
          size="md"
          verdict={may('key.update')}
          disabled={!document || !wanted || upload.isPending}
          onClick={() => {
            if (document) upload.mutate(certificates.completed(document), { onSuccess: () => setText('') });
          }}
        >
          {upload.isPending ? t('common.working') : t('reclaim.upload.act')}
        </ActionButton>
      </div>
    </div>
  );
}

interface RefusedProps {
  readonly problem: Problem;
  readonly certificates: CertificatesSaid;
}

function Refused({ problem, certificates }: RefusedProps) {
  const { t } = useTranslation();
  return (
    <>
      <ProblemView problem={problem} title={t('reclaim.upload.failed')} />
      {problem.has('inventory_incomplete') && <RemovedCertificates of={certificates} />}
    </>
  );
}

interface BesideProps {
  readonly source: string;
  readonly takenAt: string;
  readonly onSource: (source: string) => void;
  readonly onTakenAt: (takenAt: string) => void;
}

/** What lines do not say by themselves. */
function Beside({ source, takenAt, onSource, onTakenAt }: BesideProps) {
  const { t } = useTranslation();
  const [sourceField, timeField] = [useId(), useId()];
  return (
    <>
      <TextInput
        id={timeField}
        type="datetime-local"
        labelText={t('reclaim.upload.takenAt')}
        helperText={t('reclaim.upload.takenAtHelp')}
        value={takenAt}
        onChange={({ target }) => onTakenAt(target.value)}
      />
      <TextInput
        id={sourceField}
        labelText={t('reclaim.upload.source')}
        helperText={t('reclaim.upload.sourceHelp')}
        value={source}
        maxLength={256}
        onChange={({ target }) => onSource(target.value)}
      />
    </>
  );
}

function FileChooser({ onText }: { readonly onText: (text: string) => void }) {
  const { t } = useTranslation();
  const file = useRef<HTMLInputElement>(null);
  const [tooLarge, setTooLarge] = useState(false);
  const take = (chosen: File | undefined): void => {
    if (chosen === undefined) return;
    setTooLarge(chosen.size > MAXIMUM_FILE_BYTES);
    if (chosen.size <= MAXIMUM_FILE_BYTES) void chosen.text().then(onText);
  };
  return (
    <>
      <input
        ref={file}
        type="file"
        hidden
        accept=".json,.txt,.csv"
        aria-label={t('reclaim.upload.choose')}
        onChange={({ target }) => {
          take(target.files?.[0]);
          target.value = '';
        }}
      />
      <Button kind="ghost" size="sm" renderIcon={Upload} onClick={() => file.current?.click()}>
        {t('reclaim.upload.choose')}
      </Button>
      {tooLarge && <p role="alert">{t('reclaim.upload.tooLarge')}</p>}
    </>
  );
}
