/**
 * The original client's six events, for servers that know no others (`extendedEvents: false`): every
 * `waiting` is a BUFFER_START and the first `playing` after it a BUFFER_END. What they mean is left to the
 * server.
 */

import type { Emit } from './machine.ts';

/** Tells a signal of the media element, by its name. */
export type Classic = (emit: Emit) => (signal: string, at: number) => void;

export const sixEvents: Classic = (emit) => {
  let waitingAt = 0;
  return (signal, at) => {
    if (signal === 'play') emit('PLAY', at);
    if (signal === 'pause') emit('PAUSE', at);
    if (signal === 'waiting') {
      waitingAt = at;
      emit('BUFFER_START', at, { buffering: { startedAt: at } });
    }
    if (signal === 'playing' && waitingAt) {
      emit('BUFFER_END', at, {
        buffering: { startedAt: waitingAt, endedAt: at, durationMs: at - waitingAt },
      });
      waitingAt = 0;
    }
  };
};
