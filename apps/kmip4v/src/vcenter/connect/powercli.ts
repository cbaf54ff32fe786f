import { type Answer } from '../../output/answer';
import { colonForm } from '../certificates';
import { type ServedInstance } from '../kmip-service';

/**
 * The steps of `connect` for a vCenter without a JSON API (7.0), by the same methods of CryptoManagerKmip: PowerCLI's own
 * commands for key providers differ between its versions, `Get-View` does not. Types as VMware's VMEncryption example
 * module uses them. The script was not run against a vCenter.
 */
export function connectByPowerCli(instance: ServedInstance, provider = instance.name): Answer {
  const servers = instance.endpoints.map(
    ({ name, address, port, certificate }) =>
      `  @{ Name = ${quoted(name)}; Address = ${quoted(address)}; Port = ${port}; Sha256 = ${quoted(colonForm(certificate?.sha256 ?? ''))} }`,
  );
  const lines = [
    '# Connect-VIServer first. Nothing is trusted whose fingerprint differs.',
    `$provider = New-Object VMware.Vim.KeyProviderId -Property @{ Id = ${quoted(provider)} }`,
    '$crypto = Get-View (Get-View ServiceInstance).Content.CryptoManager',
    '$servers = @(',
    servers.join(',\n'),
    ')',
    'foreach ($server in $servers) {',
    '  $info = New-Object VMware.Vim.KmipServerInfo -Property @{ Name = $server.Name; Address = $server.Address; Port = $server.Port }',
    '  $crypto.RegisterKmipServer((New-Object VMware.Vim.KmipServerSpec -Property @{ ClusterId = $provider; Info = $info }))',
    '  $shown = $crypto.RetrieveKmipServerCert($provider, $info).Certificate',
    "  $bytes = [Convert]::FromBase64String(($shown -replace '-----[A-Z ]+-----', '' -replace '\\s', ''))",
    "  $sha256 = ([Security.Cryptography.SHA256]::Create().ComputeHash($bytes) | ForEach-Object { $_.ToString('X2') }) -join ':'",
    '  if ($sha256 -ne $server.Sha256) { throw "another certificate at $($server.Address): $sha256" }',
    '  $crypto.UploadKmipServerCert($provider, $shown)',
    '}',
    '$certificate = $crypto.GenerateSelfSignedClientCert($provider)',
    "Set-Content -Path 'vcenter.pem' -Value $certificate",
    '# Now: kmip4v certificate add vcenter --file vcenter.pem',
    '# Then:',
    '$crypto.UpdateSelfSignedClientCert($provider, $certificate)',
    '$crypto.RetrieveKmipServersStatus($null) | ForEach-Object { $_.Servers } | Format-Table Name, Status, ConnectionStatus',
  ];
  const script = lines.join('\n');
  return { value: { provider, powercli: script }, text: () => script };
}

/** PowerShell takes typographic apostrophes for the plain one. */
const quoted = (text: string): string => `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;
