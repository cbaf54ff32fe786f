import { type CryptoKeyId } from '@lib/vi-json';

/** The name of the key is there twice: `keyId.keyId`, `keyId.providerId.id`. */
export const toCryptoKeyId = ({ keyId, providerId }: { keyId: string; providerId: string }): CryptoKeyId => ({
  _typeName: 'CryptoKeyId',
  keyId,
  providerId: { _typeName: 'KeyProviderId', id: providerId },
});
