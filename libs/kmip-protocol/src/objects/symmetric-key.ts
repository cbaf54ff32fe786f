import { type Codec, mapped } from '../schema/codec';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { keyBlock } from './key-block';
import { type KeyBlock } from './object.types';

interface SymmetricKey {
  readonly keyBlock: KeyBlock;
}

const wireSymmetricKey = new Structure<SymmetricKey>('Symmetric Key', [
  { name: 'keyBlock', tag: Tag.KeyBlock, type: keyBlock, presence: 'required' },
]);

/** KMIP 1.4 §2.2.2: nothing but its Key Block. */
export const symmetricKey: Codec<KeyBlock> = mapped(
  wireSymmetricKey,
  (wire) => wire.keyBlock,
  (value) => ({ keyBlock: value }),
);
