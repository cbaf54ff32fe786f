/** Who calls, as IAM vouches for it. The account is the one the token was made for, not where the identity lives. */
export interface Principal {
  /** `IBMid-…`, `iam-ServiceId-…`, `iam-Profile-…` or `crn-crn:…`. */
  readonly iamId: string;
  readonly accountId: string;
  /** `scope` claim; the policy decision point wants it for tokens of third parties. */
  readonly scope: string;
  /** When the token ends, in seconds since 1970. */
  readonly expiresAt: number;
}
