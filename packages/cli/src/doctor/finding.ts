/** One thing that was looked at. A `problem` makes the doctor fail; a `note` is worth knowing. */
export interface Finding {
  level: 'ok' | 'note' | 'problem';
  about: string;
  says: string;
  /** What to do about it. */
  advice?: string;
}
