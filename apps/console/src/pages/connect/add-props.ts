/** What each way of adding a certificate is given. */
export interface AddProps {
  readonly suggestedName: string;
  readonly onAdded: (certificateId: string) => void;
}
