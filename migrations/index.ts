import { InitialSchema1764000000000 } from './1764000000000-initial-schema';
import { DiagnosisAndUsage1764200000000 } from './1764200000000-diagnosis-and-usage';

/** In the order they run. Add at the end; what has been released is never edited. */
export const migrations = [InitialSchema1764000000000, DiagnosisAndUsage1764200000000];
