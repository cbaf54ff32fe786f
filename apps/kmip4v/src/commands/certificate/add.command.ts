import { argument, command, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { usageFault } from '../../command-line/faults';
import { shown } from '../../output/answer';
import { NewPrivateFile } from '../../profiles/private-file';
import { answerOf } from '../../tenant/asking';
import { CERTIFICATE_FIELDS } from './certificate-view';

export const certificateAdd = command({
  name: 'add',
  about: 'Let a certificate in, have a signing request signed, or adopt the certificate of a refused connection',
  details: [
    'The file may hold a certificate or a certificate signing request (CSR), as vCenter shows them. What was signed is',
    'written with --out, to be uploaded to vCenter.',
  ].join('\n'),
  arguments: { name: argument('what to call it') },
  options: {
    file: value('FILE', 'certificate or CSR in PEM; - reads standard input'),
    attempt: value('ID', 'adopt the certificate of this refused connection (kmip4v attempt list)'),
    out: value('FILE', 'where to write the certificate'),
  },
  async run({ name, file, attempt, out }, context) {
    const body = { name, ...(await source(file, attempt, context)) };
    const { api, instance } = await context.tenant();
    const params = { path: { instance_id: instance } };
    const added = await answerOf(api.POST('/v1/instances/{instance_id}/client_certificates', { params, body }));
    if (out !== undefined) await (await NewPrivateFile.open(out)).fill(added.certificate);
    return shown(added, CERTIFICATE_FIELDS);
  },
});

async function source(file: string | undefined, attempt: string | undefined, { read }: Context) {
  if ((file === undefined) === (attempt === undefined)) throw usageFault('give either --file or --attempt');
  if (attempt !== undefined) return { connection_attempt: { id: attempt } };
  const text = String(await read(file ?? ''));
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw usageFault('the file holds a private key, which is for you alone', 'give the certificate alone');
  }
  if (/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(text)) return { certificate_signing_request: text };
  if (text.includes('-----BEGIN CERTIFICATE-----')) return { certificate: text };
  throw usageFault('the file holds neither a certificate nor a signing request', 'give it in PEM, with its BEGIN line');
}
