/** How to get a bearer token. */
export type TokenSource =
  /** Exchanged at IAM's token endpoint. The API key is in a file of its own, or here. */
  | { readonly kind: 'api-key'; readonly iamUrl: string; readonly apiKeyFile?: string; readonly apiKey?: string }
  /** Whoever is logged in to IBM Cloud's command line: `ibmcloud iam oauth-tokens`. */
  | { readonly kind: 'ibmcloud' }
  /** A shell command that prints one. */
  | { readonly kind: 'command'; readonly command: string }
  /** From the environment, as it is. */
  | { readonly kind: 'given'; readonly variable: string };

/** Where the tenant API is, how to recognise it, and who asks. */
export interface Profile {
  readonly name: string;
  readonly url: string;
  /** Certificate authority of the service, where it is none that Node knows. */
  readonly caFile?: string | undefined;
  /** SHA-256 of the certificate of the service, hexadecimal: that one, and no other. */
  readonly pinnedSha256?: string | undefined;
  /** Identifier or name of the instance that is worked on. */
  readonly instance?: string | undefined;
  readonly token: TokenSource;
}

export const IAM_URL = 'https://iam.cloud.ibm.com';

/** What it is called in the list of profiles. Holds nothing secret. */
export function describeTokenSource(source: TokenSource): string {
  switch (source.kind) {
    case 'api-key':
      return source.apiKeyFile === undefined ? 'API key, kept in the profile' : `API key in ${source.apiKeyFile}`;
    case 'ibmcloud':
      return 'ibmcloud iam oauth-tokens';
    case 'command':
      return `command: ${source.command}`;
    case 'given':
      return `variable ${source.variable}`;
  }
}
