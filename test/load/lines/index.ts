import { type Line } from '../support/line';
import { againstPykmip } from './against-pykmip';
import { auditRecords } from './audit-records';
import { coldStart } from './cold-start';
import { cpuInBareMessages } from './cpu-in-bare-messages';
import { discoverVersions } from './discover-versions';
import { largeCatalog } from './large-catalog';
import { newConnections } from './new-connections';
import { operatorsCommand } from './operators-command';
import { rootKeyTests } from './root-key-tests';
import { scale } from './scale';
import { twoGateways } from './two-gateways';

/** The table, by what runs meanwhile: what one group has started is ended before the next one begins. */
export const GROUPS: readonly (readonly Line[])[] = [
  [discoverVersions, ...cpuInBareMessages, ...againstPykmip, ...newConnections],
  [twoGateways],
  [...largeCatalog, auditRecords],
  scale,
  [rootKeyTests],
  [coldStart, operatorsCommand],
];
