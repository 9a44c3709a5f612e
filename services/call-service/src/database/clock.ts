/** The database's clock in milliseconds, when this is reached and not when the transaction began. */
export const NOW = `floor(date_part('epoch', clock_timestamp()) * 1000) AS now`;

/** By itself, behind the locks: a statement that reads more costs several times as much, whether it finds anything or not. */
export const READ_CLOCK = { name: 'read_clock', text: `SELECT ${NOW}` };
