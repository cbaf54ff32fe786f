import { type FaultBoard } from '@lib/stand-in';

import { type CallFacts, type FaultEffect, type FaultMatch, faultOf, isOfTask } from './http/traffic';
import { type TaskFate } from './tasks';
import { VimFault } from './vim/fault';

const CUT = new VimFault('SystemError', 'A general system error occurred: the operation was interrupted', {
  reason: 'the operation was interrupted',
});

/** What the admin API wants to become of a task: it is asked once, when the task is started. */
export function fateOf(faults: FaultBoard<FaultMatch, CallFacts, FaultEffect>, facts: CallFacts): TaskFate {
  let fate: TaskFate = {};
  for (const effect of faults.strike(facts, isOfTask)) {
    if (effect.kind === 'slow_task') fate = { ...fate, seconds: effect.seconds };
    if (effect.kind === 'cut_task') fate = { ...fate, cut: { after: effect.after, fault: CUT } };
    if (effect.kind === 'fault') fate = { ...fate, fault: faultOf(effect) };
  }
  return fate;
}
