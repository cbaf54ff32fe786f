import { type Certificate, type Schemas } from '../../api/schema';

/** What a way of adding a certificate came to. */
export type Added =
  | { readonly way: 'registered'; readonly certificate: Certificate }
  | { readonly way: 'signed'; readonly certificate: Certificate }
  | { readonly way: 'made'; readonly pair: Schemas['InstanceClientKeyPair'] };

/** What each way of adding a certificate is given. */
export interface AddProps {
  readonly suggestedName: string;
  readonly onAdded: (added: Added) => void;
}
