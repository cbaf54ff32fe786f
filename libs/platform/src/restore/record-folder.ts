export interface RecordSettings {
  readonly serviceKeyFile: string;
  /** Where it is recorded how far the region has come; unset: beside the service keys. */
  readonly restoreRecordFolder?: string | undefined;
}

export const recordFolderOf = ({ serviceKeyFile, restoreRecordFolder }: RecordSettings): string =>
  restoreRecordFolder ?? `${serviceKeyFile}.record`;
