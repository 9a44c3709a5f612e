import { type Call, type CallView, viewOf } from '@trunkline/contract';

/** The call as `GET` shows it: every field, null where there is no value. */
export const wholeView = (call: Call): CallView => viewOf(call);

/** The call as the other routes answer it: a time only once there is one, an end only of a call that was accepted. */
export const restView = (call: Call): Partial<CallView> => {
  const { startTime, endTime, durationSeconds, createdAt, updatedAt, ...base } = viewOf(call);
  return {
    ...base,
    ...(startTime === null ? {} : { startTime }),
    ...(startTime === null || endTime === null ? {} : { endTime, durationSeconds }),
    createdAt,
    updatedAt,
  };
};
