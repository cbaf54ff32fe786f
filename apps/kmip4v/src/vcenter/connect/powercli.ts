import { type Answer } from '../../output/answer';
import { colonForm } from '../certificates';
import { type ServedInstance } from '../kmip-service';
import { ADD_PROVIDER, COMMON, powerCliSettings, SELF_SIGNED, STATUS } from '../scripts/powercli';

const INTRODUCTION = `# Save this as connect.ps1. Connect-VIServer first, then run it; let vcenter.pem in as it says, and run it with -Present.
param([switch] $Present)
`;

/** The steps of `connect` for a vCenter without a JSON API (7.0), ready to run: they are those of examples/powercli. */
export function connectByPowerCli(instance: ServedInstance, provider = instance.name): Answer {
  const servers = instance.endpoints.map(({ certificate, ...server }) => ({
    ...server,
    sha256: colonForm(certificate?.sha256 ?? ''),
  }));
  const settings = powerCliSettings({ provider, servers });
  const script = [
    INTRODUCTION + settings,
    COMMON,
    ADD_PROVIDER,
    SELF_SIGNED,
    `if (-not $Present) { return }\n${STATUS}`,
  ];
  const powercli = script.join('\n');
  return { value: { provider, powercli }, text: () => powercli };
}
