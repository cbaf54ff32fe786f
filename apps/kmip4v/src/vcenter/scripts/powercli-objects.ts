/** PowerCLI for what needs keys: where they are, and new ones (see powercli.ts for how these are written and tested). */

export const INVENTORY = String.raw`$found = New-Object System.Collections.Generic.List[object]
function Add-Key([string] $Kind, [string] $Name, [string] $Part, $Key) {
  if ($Key -and $Key.KeyId) {
    $found.Add([pscustomobject]@{ Kind = $Kind; Name = $Name; Part = $Part; Key = $Key.KeyId; Provider = $Key.ProviderId.Id })
  }
}
# Each link of a chain has a key of its own.
function Add-Disks([string] $Kind, [string] $Name, $Devices) {
  foreach ($disk in $Devices | Where-Object { $_ -is [VMware.Vim.VirtualDisk] }) {
    for ($link = $disk.Backing; $link; $link = $link.Parent) { Add-Key $Kind $Name $link.FileName $link.KeyId }
  }
}

# Templates are among them, which Get-VM hides.
foreach ($vm in Get-View -ViewType VirtualMachine -Property @('Name', 'Config', 'Snapshot')) {
  if (-not $vm.Config) { Write-Warning ('{0} cannot be read: it may be locked, and its key is not listed.' -f $vm.Name); continue }
  Add-Key 'vm home' $vm.Name '' $vm.Config.KeyId
  Add-Key 'customization' $vm.Name '' $vm.Config.Tools.CustomizationKeyId
  Add-Disks 'vm disk' $vm.Name $vm.Config.Hardware.Device
  $open = New-Object System.Collections.Generic.Stack[object]
  foreach ($root in $vm.Snapshot.RootSnapshotList) { $open.Push($root) }
  while ($open.Count -gt 0) {
    $tree = $open.Pop()
    foreach ($child in $tree.ChildSnapshotList) { $open.Push($child) }
    $config = (Get-View $tree.Snapshot -Property Config).Config
    Add-Key 'snapshot home' $vm.Name $tree.Name $config.KeyId
    Add-Disks 'snapshot disk' $vm.Name $config.Hardware.Device
  }
}
foreach ($esx in Get-View -ViewType HostSystem -Property @('Name', 'Runtime')) { Add-Key 'host' $esx.Name '' $esx.Runtime.CryptoKeyId }
foreach ($datastore in Get-View -ViewType Datastore -Property Name) {
  $manager = Get-View $Content.VStorageObjectManager
  foreach ($id in Invoke-Method $manager 'ListVStorageObject' @($datastore.MoRef)) {
    $disk = Invoke-Method $manager 'RetrieveVStorageObject' @($id, $datastore.MoRef)
    for ($link = $disk.Config.Backing; $link; $link = $link.Parent) { Add-Key 'first-class disk' $disk.Config.Name $link.FilePath $link.KeyId }
  }
}
$found | Format-Table -AutoSize
$found | Export-Csv -Path 'inventory.csv' -NoTypeInformation -Encoding UTF8
Write-Host ('{0} places need a key; they are in inventory.csv. vSAN is not among them: vsan.ps1.' -f $found.Count)
Write-Host 'The keys of all vCenters, one a line, with those of vSAN: kmip4v reclaim upload FILE --taken-at TIME --source TEXT --covers CERTIFICATE'
`;

/** VsanDataEncryptionConfig, by the view that IBM's own migration page uses (vmwaresolutions, kmip_standalone_migration). */
export const VSAN = String.raw`$system = Get-VsanView -Id 'VsanVcClusterConfigSystem-vsan-cluster-config-system'
$clusters = foreach ($cluster in Get-Cluster) {
  $encryption = $system.VsanClusterGetConfig($cluster.ExtensionData.MoRef).DataEncryptionConfig
  $entry = [ordered]@{ cluster = $cluster.Name; encrypted = [bool] $encryption.EncryptionEnabled }
  if ($encryption.KmsProviderId) { $entry.provider = $encryption.KmsProviderId.Id }
  if ($encryption.KekId) { $entry.kekId = $encryption.KekId }
  if ($encryption.HostKeyId) { $entry.hostKeyId = $encryption.HostKeyId }
  $entry
}
# UTF-8 without a mark, in every PowerShell.
[IO.File]::WriteAllText((Join-Path (Get-Location) 'vsan.json'), (ConvertTo-Json -InputObject @($clusters)))
Write-Host 'vsan.json says what each vSAN cluster has: kmip4v vcenter inventory --vsan vsan.json'
`;

export const REKEY = String.raw`function New-Recrypt {
  $key = Invoke-Method $Crypto 'GenerateKey' @($ProviderId)
  if (-not $key.Success) { throw ('vCenter cannot make a key: {0}' -f $key.Reason) }
  New-Object VMware.Vim.CryptoSpecShallowRecrypt -Property @{ NewKeyId = $key.KeyId }
}
# One for each link of a chain of snapshots.
function New-BackingSpec($Backing, $Recrypt) {
  $spec = New-Object VMware.Vim.VirtualDeviceConfigSpecBackingSpec
  if ($Backing.KeyId) { $spec.Crypto = $Recrypt }
  if ($Backing.Parent) { $spec.Parent = New-BackingSpec $Backing.Parent $Recrypt }
  $spec
}
function Test-Encrypted($Backing) {
  for ($link = $Backing; $link; $link = $link.Parent) { if ($link.KeyId) { return $true } }
  $false
}

$left = New-Object System.Collections.Generic.List[string]
function Skip([string] $Object, [string] $Why) {
  Write-Warning ('{0}: {1}' -f $Object, $Why)
  $left.Add($Object)
}

foreach ($each in $Name) {
  $filter = @{ Name = '^' + [regex]::Escape($each) + '$' }
  $vms = @(Get-View -ViewType VirtualMachine -Filter $filter -Property @('Name', 'Config', 'Runtime'))
  if ($vms.Count -ne 1) { Skip $each ('{0} machines have this name.' -f $vms.Count); continue }
  $vm = $vms[0]
  $disks = @($vm.Config.Hardware.Device | Where-Object { $_ -is [VMware.Vim.VirtualDisk] -and (Test-Encrypted $_.Backing) })
  if (-not $vm.Config.KeyId -and $disks.Count -eq 0) { Skip $each 'it is not encrypted.'; continue }
  if ($vm.Runtime.PowerState -eq 'poweredOn' -and $vm.Config.ChangeTrackingEnabled -and -not $EvenWithChangeTracking) {
    Skip $each 'it runs with changed-block tracking, and before ESXi 8.0 Update 3e it may be powered off (Broadcom KB 387897).'
    continue
  }
  try {
    $recrypt = New-Recrypt
    $spec = New-Object VMware.Vim.VirtualMachineConfigSpec -Property @{ ChangeVersion = $vm.Config.ChangeVersion }
    if ($vm.Config.KeyId) { $spec.Crypto = $recrypt }
    $spec.DeviceChange = @($disks | ForEach-Object {
      New-Object VMware.Vim.VirtualDeviceConfigSpec -Property @{ Operation = 'edit'; Device = $_; Backing = (New-BackingSpec $_.Backing $recrypt) }
    })
    Invoke-Method $vm 'ReconfigVM' @($spec)
    Write-Host ('{0} has the key {1}.' -f $each, $recrypt.NewKeyId.KeyId)
  } catch {
    Skip $each $_.Exception.Message
  }
}
foreach ($each in $HostName) {
  $filter = @{ Name = '^' + [regex]::Escape($each) + '$' }
  $esx = @(Get-View -ViewType HostSystem -Filter $filter -Property @('Name', 'Runtime'))
  if ($esx.Count -ne 1 -or $esx[0].Runtime.CryptoState -ne 'safe') { Skip $each 'it is no host with a host key.'; continue }
  try {
    Invoke-Method $esx[0] 'ConfigureCryptoKey' @((New-Recrypt).NewKeyId)
    Write-Host ('{0} has a new host key.' -f $each)
  } catch {
    Skip $each $_.Exception.Message
  }
}
if ($left.Count -gt 0) { throw ('No new key: {0}' -f ($left -join ', ')) }
`;
