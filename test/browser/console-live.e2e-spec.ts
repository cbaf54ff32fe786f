import { onOneStage } from './support/stage';
import { live } from './suites/live';

jest.setTimeout(180_000);

// A minute is the shortest, and less than the time before the end in which it is told.
onOneStage({ CONSOLE_IDLE_MINUTES: '1' }, [live]);
