/**
 * PowerCLI for vCenters that `kmip4v vcenter` may not or cannot talk to: the same methods of vim25 by `Get-View`, since
 * PowerCLI's own commands for key providers differ between its versions and have neither signed nor uploaded certificates.
 * A test parses each script and compares methods, parameters and types with those that the stand-in vCenter serves; none
 * was run against a vCenter. No backticks, and no variables in braces: these are template literals.
 */
export interface PowerCliSettings {
  readonly provider: string;
  readonly servers: readonly {
    readonly name: string;
    readonly address: string;
    readonly port: number;
    readonly sha256: string;
  }[];
}

/** PowerShell takes typographic apostrophes for the plain one. */
const quoted = (text: string): string => `'${text.replace(/['\u2018-\u201b]/g, '$&$&')}'`;

export function powerCliSettings({ provider, servers }: PowerCliSettings): string {
  const entries = servers.map(
    ({ name, address, port, sha256 }) =>
      `  @{ Name = ${quoted(name)}; Address = ${quoted(address)}; Port = ${port}; Sha256 = ${quoted(sha256)} }`,
  );
  return `$Provider = ${quoted(provider)}\n$Servers = @(\n${entries.join('\n')}\n)\n`;
}

export const COMMON = String.raw`$ErrorActionPreference = 'Stop'
$Content = (Get-View ServiceInstance).Content
$Crypto = Get-View $Content.CryptoManager
$ProviderId = New-Object VMware.Vim.KeyProviderId -Property @{ Id = $Provider }

# .NET wants all parameters of a method, and later versions of PowerCLI know those that came with later vSphere.
function Invoke-Method($Object, [string] $Name, [object[]] $Given) {
  $method = $Object.$Name
  $declared = $method.OverloadDefinitions[0].Split(',').Count
  while ($Given.Count -lt $declared) { $Given += $null }
  $method.Invoke($Given)
}

function Get-Provider {
  $Crypto.UpdateViewData('KmipServers')
  $Crypto.KmipServers | Where-Object { $_.ClusterId.Id -eq $Provider }
}

function Get-Sha256([string] $Pem) {
  $bytes = [Convert]::FromBase64String(($Pem -replace '-----[A-Z ]+-----', '' -replace '\s', ''))
  ([Security.Cryptography.SHA256]::Create().ComputeHash($bytes) | ForEach-Object { $_.ToString('x2') }) -join ''
}
`;

export const ADD_PROVIDER = String.raw`foreach ($server in $Servers) {
  $info = New-Object VMware.Vim.KmipServerInfo -Property @{ Name = $server.Name; Address = $server.Address; Port = $server.Port }
  if ((Get-Provider).Servers.Name -notcontains $server.Name) {
    $spec = New-Object VMware.Vim.KmipServerSpec -Property @{ ClusterId = $ProviderId; Info = $info }
    Invoke-Method $Crypto 'RegisterKmipServer' @($spec)
  }
  $shown = Invoke-Method $Crypto 'RetrieveKmipServerCert' @($ProviderId, $info)
  if (-not $shown.Certificate) { throw ('vCenter cannot reach {0}:{1}: check DNS and firewalls between them.' -f $server.Address, $server.Port) }
  $sha256 = Get-Sha256 $shown.Certificate
  if ($sha256 -ne ($server.Sha256 -replace ':', '')) { throw ('Another certificate at {0}, nothing was trusted: {1}' -f $server.Address, $sha256) }
  Invoke-Method $Crypto 'UploadKmipServerCert' @($ProviderId, $shown.Certificate)
  Write-Host ('vCenter trusts {0}:{1}.' -f $server.Address, $server.Port)
}
`;

export const SELF_SIGNED = String.raw`if (-not $Present) {
  $certificate = Invoke-Method $Crypto 'GenerateSelfSignedClientCert' @($ProviderId)
  Set-Content -Path 'vcenter.pem' -Value $certificate
  Write-Host 'Let vcenter.pem in, then run this again with -Present:'
  Write-Host '  kmip4v certificate add vcenter --file vcenter.pem'
} else {
  $certificate = Invoke-Method $Crypto 'RetrieveSelfSignedClientCert' @($ProviderId)
  Invoke-Method $Crypto 'UpdateSelfSignedClientCert' @($ProviderId, $certificate)
  Write-Host 'vCenter presents the certificate.'
}
`;

export const SIGNING_REQUEST = String.raw`if (-not $Signed) {
  $request = Invoke-Method $Crypto 'GenerateClientCsr' @($ProviderId)
  Set-Content -Path 'vcenter.csr' -Value $request
  Write-Host 'Have vcenter.csr signed, then run this again with -Signed vcenter.pem:'
  Write-Host '  kmip4v certificate add vcenter --file vcenter.csr --out vcenter.pem'
} else {
  $certificate = Get-Content -Path $Signed -Raw
  Invoke-Method $Crypto 'UpdateKmsSignedCsrClientCert' @($ProviderId, $certificate)
  Write-Host 'vCenter presents the certificate.'
}
`;

export const PAIR = String.raw`# kmip4v certificate make-pair vcenter --key-out vcenter.key --certificate-out vcenter.pem
$pem = Get-Content -Path $Certificate -Raw
$privateKey = Get-Content -Path $Key -Raw
Invoke-Method $Crypto 'UploadClientCert' @($ProviderId, $pem, $privateKey)
Write-Host ('vCenter presents the certificate. Delete {0}: nobody needs it any more.' -f $Key)
`;

export const ROOT_CA = String.raw`# The service lets single certificates in, never all that an authority signs: it is told which one vCenter presents.
$certificate = Invoke-Method $Crypto 'RetrieveClientCert' @($ProviderId)
if (-not $certificate) { throw 'vCenter does not show which certificate it presents: use client-self-signed.ps1 instead.' }
Set-Content -Path 'vcenter.pem' -Value $certificate
Write-Host 'Let vcenter.pem in:'
Write-Host '  kmip4v certificate add vcenter --file vcenter.pem'
`;

export const CREDENTIAL = String.raw`# kmip4v kmip-credential issue --out kmip-password
$secret = Get-Content -Path $PasswordFile -TotalCount 1
foreach ($server in $Servers) {
  $info = New-Object VMware.Vim.KmipServerInfo -Property @{ Name = $server.Name; Address = $server.Address; Port = $server.Port; UserName = $UserName }
  $spec = New-Object VMware.Vim.KmipServerSpec -Property @{ ClusterId = $ProviderId; Info = $info; Password = $secret }
  Invoke-Method $Crypto 'UpdateKmipServer' @($spec)
}
Write-Host 'vCenter sends user name and password: the next key that it makes proves that it is yours.'
`;

export const DEFAULT = String.raw`Invoke-Method $Crypto 'MarkDefault' @($ProviderId)
Write-Host ('{0} is the default key provider.' -f $Provider)
`;

export const STATUS = String.raw`$info = Get-Provider
if (-not $info) { throw ('vCenter has no key provider {0}.' -f $Provider) }
$asked = New-Object VMware.Vim.KmipClusterInfo -Property @{ ClusterId = $ProviderId; Servers = $info.Servers }
$status = Invoke-Method $Crypto 'RetrieveKmipServersStatus' @(, @($asked))
$found = $status | ForEach-Object { $_.Servers }
$found | Format-Table -Property @('Name', 'Status', 'ConnectionStatus', 'ClientTrustServer', 'ServerTrustClient')
if ($TestKey) {
  $key = Invoke-Method $Crypto 'GenerateKey' @($ProviderId)
  if (-not $key.Success) { throw ('vCenter cannot make a key: {0}' -f $key.Reason) }
  Write-Host ('vCenter made the key {0}. Nothing uses it: kmip4v key destroy {0} --revoke --confirm {0}' -f $key.KeyId.KeyId)
}
$lost = @($found | Where-Object { $_.Status -ne 'green' -or $_.ClientTrustServer -eq $false -or $_.ServerTrustClient -eq $false })
if ($lost.Count -gt 0) { throw ('Not connected: {0}' -f ($lost.Name -join ', ')) }
`;
