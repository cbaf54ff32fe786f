import { argument, choice, command, needed, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { usageFault } from '../../command-line/faults';
import { told } from '../../output/answer';
import { NewPrivateFile } from '../../profiles/private-file';
import { answerOf, countIn, present } from '../../tenant/asking';

export const certificateMakePair = command({
  name: 'make-pair',
  about: 'Have a private key and its certificate made, to be uploaded to vCenter',
  details: 'The service keeps no copy of the private key. It is written to a file that you alone can read.',
  arguments: { name: argument('what to call the certificate') },
  options: {
    keyOut: needed('FILE', 'where to write the private key in PEM, or with --encoding pkcs12 the archive'),
    certificateOut: value('FILE', 'where to write the certificate in PEM'),
    encoding: choice(['pem', 'pkcs12'], 'form of the private key (default: pem)'),
    passwordFile: value(
      'FILE',
      'password of the PKCS#12 archive; - reads standard input; asked for where there is none',
    ),
    validityDays: value('DAYS', 'how long the certificate is valid'),
  },
  async run(given, context) {
    const encoding = given.encoding ?? 'pem';
    if (encoding === 'pem' && given.certificateOut === undefined) throw usageFault('--certificate-out FILE is missing');
    const validity = countIn('--validity-days', given.validityDays);
    const password = encoding === 'pkcs12' ? await passwordOf(given.passwordFile, context) : undefined;
    const { api, instance } = await context.tenant();
    // Before the pair is made: one that cannot be kept would be lost.
    const keyFile = await NewPrivateFile.open(given.keyOut);
    const certificateFile =
      given.certificateOut === undefined
        ? undefined
        : await keyFile.orDiscard(NewPrivateFile.open(given.certificateOut));
    const params = { path: { instance_id: instance } };
    const body = { name: given.name, encoding, ...present({ password, validity_days: validity }) };
    const call = answerOf(api.POST('/v1/instances/{instance_id}/client_key_pairs', { params, body }));
    const pair = await keyFile.orDiscard(certificateFile === undefined ? call : certificateFile.orDiscard(call));
    await keyFile.fill(pair.archive === undefined ? (pair.private_key ?? '') : Buffer.from(pair.archive, 'base64'));
    await certificateFile?.fill(pair.certificate);
    const { client_certificate: certificate, activation } = pair;
    return told(`Client certificate ${certificate.name} is let in. Its private key is in ${given.keyOut}.`, {
      client_certificate: certificate,
      activation,
      encoding,
      key_file: given.keyOut,
      ...present({ certificate_file: given.certificateOut }),
    });
  },
});

async function passwordOf(file: string | undefined, { ask, read }: Context): Promise<string> {
  if (file !== undefined) return String(await read(file)).replace(/\r?\n$/, '');
  return await ask.secret('Password of the archive: ', '--password-file FILE');
}
