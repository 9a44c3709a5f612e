/** What a gateway takes as one frame. After a larger one it closes the connection for good (`frame_too_large`). */
const MAX_FRAME_BYTES = 65_536;

/** What Socket.IO puts before the words, at its longest: the kinds of its packets, `/chat,`, and the answer's number of 16 digits. */
const HEAD_BYTES = 24;

/** Whether a command can be sent: by its bytes on the wire, in UTF-8. */
export const fitsFrame = (word: string, body: object): boolean =>
  HEAD_BYTES + new TextEncoder().encode(JSON.stringify([word, body])).length <= MAX_FRAME_BYTES;
