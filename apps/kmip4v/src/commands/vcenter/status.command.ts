import { KeyProviders } from '@lib/vi-json';

import { command, value } from '../../command-line/command';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { listed, shown, together } from '../../output/answer';
import { type Columns, type Toned } from '../../output/table';
import { providerNameFor } from '../../vcenter/connect/connect';
import { atVCenter, VCENTER_OPTIONS } from '../../vcenter/open-vcenter';
import { demandPrivileges } from '../../vcenter/privileges';
import { type ServerReport, type StatusReport, statusOf } from '../../vcenter/status/status';
import { wholeNumber } from './numbers';
import { serviceOf } from './service-of';

const FIELDS: Columns<StatusReport> = [
  ['key provider', ({ provider, isDefault }) => `${provider}${isDefault ? ' (default)' : ''}`],
  ['as vCenter sees it', ({ overall }) => ({ text: overall, tone: overall === 'green' ? 'good' : 'bad' })],
  ['client certificate', ({ clientCertificate: client }) => client?.sha256],
  ['registered as', ({ clientCertificate: client }) => client?.registeredAs],
  ['days left of it', ({ clientCertificate: client }) => client?.daysLeft],
  [
    'last seen by the service',
    ({ clientCertificate: client }) => client?.lastSeen && `${client.lastSeen.at} at ${client.lastSeen.endpoint}`,
  ],
  ['clock of vCenter', ({ clockAheadSeconds: ahead }) => `${ahead >= 0 ? '+' : ''}${ahead} s`],
];
const ACCEPTED: Readonly<Record<NonNullable<ServerReport['serverTrust']>, Toned | undefined>> = {
  trusts_present: { text: 'the present certificate', tone: 'good' },
  trusted_former: { text: 'a former certificate', tone: 'warning' },
  not_seen: undefined,
  unknown: undefined,
};
const SERVER_COLUMNS: Columns<ServerReport> = [
  ['server', ({ name }) => name],
  ['address', ({ address }) => address, 'whole'],
  ['connected', ({ connected }) => ({ text: connected ? 'yes' : 'no', tone: connected ? 'good' : 'bad' })],
  ['days left', ({ certificateDaysLeft: days }) => days],
  ['last seen there', ({ lastSeen }) => lastSeen],
  ['accepted there', ({ serverTrust }) => serverTrust && ACCEPTED[serverTrust]],
  ['in the words of vCenter', ({ status }) => status],
];

export const vcenterStatus = command({
  name: 'status',
  about: 'Show how a vCenter stands: servers, certificates with days left, clock',
  details:
    'For monitoring: ends with 0 when all is well, with 1 when something needs somebody, with 4 without a key provider.',
  options: {
    ...VCENTER_OPTIONS,
    provider: value('NAME', 'of the key provider (default: the one that has the endpoints)'),
    warnDays: value('DAYS', 'how many days before its end a certificate is a problem (default: 30)'),
  },
  async run(given, context) {
    const service = await serviceOf(context);
    const report = await atVCenter(given, context, async (session) => {
      await demandPrivileges(session, 'showing how a key provider stands');
      const known = await new KeyProviders(session).list();
      const name = given.provider ?? providerNameFor(await service.instance(), known);
      const info = known.find(({ clusterId }) => clusterId.id === name);
      if (info === undefined) {
        throw new CommandFault(EXIT.notFound, `vCenter has no key provider ${name}`, 'kmip4v vcenter connect');
      }
      const warnDays = wholeNumber(given.warnDays ?? '30', '--warn-days', 3_650);
      return await statusOf(session, service, info, { now: new Date(), warnDays });
    });
    const answer = together(report, [
      ['', shown(report, FIELDS)],
      ['Servers', listed(report.servers, SERVER_COLUMNS, 'It has no server.')],
    ]);
    for (const remark of report.remarks) context.out.note(remark);
    if (report.problems.length === 0) return answer;
    await context.out.answer(answer);
    throw new CommandFault(EXIT.failed, report.problems.join(' '));
  },
});
