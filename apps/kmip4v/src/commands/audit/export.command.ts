import { command, value } from '../../command-line/command';
import { told } from '../../output/answer';
import { NewPrivateFile } from '../../profiles/private-file';
import { answerOf, present } from '../../tenant/asking';

const LINE_END = 0x0a;

export const auditExport = command({
  name: 'export',
  about: 'Export the audit trail, with its hash chain, to be verified offline',
  details:
    'Get a head before it (kmip4v audit head --out FILE): with it, `kmip4v audit verify` notices what is missing at the end.',
  options: {
    at: value('TIME', 'only events in this time, e.g. gte:2026-11-01,lt:2026-12-01'),
    out: value('FILE', 'where to write it, one event a line; without it standard output'),
  },
  async run({ at, out }, context) {
    const { api, instance } = await context.tenant();
    const file = out === undefined ? undefined : await NewPrivateFile.open(out);
    const call = api.GET('/v1/instances/{instance_id}/audit_log', {
      params: { path: { instance_id: instance }, query: present({ occurred_at: at }) },
      headers: { accept: 'application/x-ndjson' },
      parseAs: 'stream',
    });
    // A stream of bytes, which the client library leaves untyped. It can be larger than memory.
    const log = (await (file?.orDiscard(answerOf(call)) ?? answerOf(call))) as AsyncIterable<Uint8Array>;
    let events = 0;
    const pieces = (async function* () {
      for await (const piece of log) {
        events += piece.filter((byte) => byte === LINE_END).length;
        yield piece;
      }
    })();
    if (file !== undefined) await file.fillFrom(pieces);
    else for await (const piece of pieces) await context.out.write(piece);
    if (file === undefined) return undefined;
    return told(`${events} events are in ${file.path}.`, { events, file: file.path });
  },
});
