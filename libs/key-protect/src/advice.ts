import { type KeyManagerAdvice, NOT_INITIALISED } from '@lib/key-manager';

/** In the words of IAM and of Key Protect. */
export const ADVICE: KeyManagerAdvice = {
  byFault: {
    credential_rejected:
      'unlock the API key and its service ID in IAM, or create a new API key for the service ID and set it here',
    permission_denied:
      'give the service ID the role Writer on the key-manager instance (Manager to delete), and see that the instance is active and its network policies admit this service; a new policy takes up to a minute to take effect',
  },
  byReason: {
    KEY_CREATE_IMPORT_ACCESS_ERR:
      'allow import_standard_key, without enforce_token, in the instance policy keyCreateImportAccess (needs Manager)',
    CONFIG_RULE_CONFLICT_ERR: 'let the context-based restriction of the account name this service',
    AUTHORIZATIONS_NOT_MET:
      'the instance policy dualAuthDelete asks for two people: let a second one authorise the deletions, or turn the policy off',
    BXNIM0462E: 'enable the API key in IAM, or create a new one and set it here',
    [NOT_INITIALISED]:
      'let the administrators of the HPCS instance load and commit its master key (TKE), then check again',
  },
  permissions: {
    'root_key.describe': 'Reader (service role)',
    'root_key.wrap': 'Reader (service role)',
    'root_key.unwrap': 'Reader (service role)',
    'stored_key.create': 'Writer (service role)',
    'stored_key.read': 'Writer (service role)',
    'stored_key.delete': 'Manager (service role)',
    obstacles: 'Manager (service role)',
  },
};
