import { type Declarations } from './type-table';

/**
 * vSAN Management API of 8.0 U3 (developer.broadcom.com, vsan-management-api: vim.vsan.ConfigInfoEx, ReconfigSpec and
 * DataEncryptionConfig), as far as keys have to do with it. The order of members is that of govmomi's vsan/types; Debian's
 * pyVmomi has none of these types. Required ones that are not served: none.
 */
export const VSAN_TYPES: Declarations = {
  VsanDataEfficiencyConfig: 'dedupEnabled: boolean, compressionEnabled?: boolean',
  VsanDataEncryptionConfig:
    'encryptionEnabled: boolean, kmsProviderId?: KeyProviderId, kekId?: string, hostKeyId?: string, dekGenerationId?: long, changing?: boolean, eraseDisksBeforeUse?: boolean',
  'VsanConfigInfoEx < VsanClusterConfigInfo':
    'dataEfficiencyConfig?: VsanDataEfficiencyConfig, dataEncryptionConfig?: VsanDataEncryptionConfig',
  VimVsanReconfigSpec:
    'vsanClusterConfig?: VsanClusterConfigInfo, dataEfficiencyConfig?: VsanDataEfficiencyConfig, modify: boolean, allowReducedRedundancy?: boolean, dataEncryptionConfig?: VsanDataEncryptionConfig',
};
