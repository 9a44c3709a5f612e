const offMs = Number(process.env['CLOCK_OFF_MS']);
const RightDate = Date;

/** Loaded before a service, it puts that process's wall clock wrong; monotonic clocks go on as they were. */
class WrongDate extends RightDate {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(RightDate.now() + offMs);
    else super(...given);
  }

  static override now(): number {
    return RightDate.now() + offMs;
  }
}

globalThis.Date = WrongDate as DateConstructor;
