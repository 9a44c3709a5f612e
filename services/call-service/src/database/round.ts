import pg from 'pg';

/** One prepared SQL statement. Its name is its identity on a connection, so no two texts may share one. */
export interface Statement {
  name: string;
  text: string;
}

export type Values = readonly unknown[];

type Row = Record<string, unknown>;

/** What a statement gave. `command`: PostgreSQL's word for what it did, such as `COMMIT`. */
export interface Given {
  rows: Row[];
  command: string;
}

/** A statement that is on its way, and who waits for it. */
export interface Asked {
  statement: Statement;
  values: Values;
  resolve(given: Given): void;
  reject(error: unknown): void;
}

/** How the rows of a prepared statement are read. */
interface Column {
  name: string;
  read(text: string): unknown;
}

/** Of a connection, the statements that are prepared there, with what their rows look like. */
export type Prepared = Map<string, readonly Column[]>;

/** Of pg's connection, what sends the messages of the extended query protocol. */
interface Wire {
  stream: { cork(): void; uncork(): void };
  parse(message: Statement): void;
  bind(message: { statement: string; values: Values; valueMapper: (value: unknown) => unknown }): void;
  describe(message: { type: 'P' }): void;
  execute(message: object): void;
  sync(): void;
}

interface Field {
  name: string;
  dataTypeID: number;
}

const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils;

const columnOf = ({ name, dataTypeID }: Field): Column => ({ name, read: pg.types.getTypeParser(dataTypeID, 'text') });

const NO_COLUMNS: readonly Column[] = [];

const rowOf = (columns: readonly Column[], values: readonly (string | null)[]): Row => {
  const row: Row = {};
  for (const [index, text] of values.entries()) {
    const { name, read } = columns[index] as Column;
    row[name] = text === null ? null : read(text);
  }
  return row;
};

/**
 * Statements that travel together with one Sync behind them: PostgreSQL answers them in one piece and the process is woken
 * once, not for each (PostgreSQL 18, "Message Flow", "Pipelining"). One that fails takes those behind it along. It is a query
 * object of pg's (`Submittable`, as pg-cursor is), for a client that has no other query under way.
 */
export class Round {
  /** Called when it is over; pg puts one in front that ends its own timer. */
  callback: (error: unknown) => void;
  readonly #prepared: Prepared;
  readonly #asked: readonly Asked[];
  readonly #given: Given[] = [];
  #rows: Row[] = [];
  #hasFailed = false;

  /** `prepared` is of a connection that is not used again once a round has failed. */
  constructor(asked: readonly Asked[], prepared: Prepared, onOver: (error: unknown) => void) {
    this.#asked = asked;
    this.#prepared = prepared;
    this.callback = onOver;
  }

  /** Gives pg what went wrong before anything was sent. */
  submit(connection: unknown): unknown {
    const wire = connection as Wire;
    wire.stream.cork();
    try {
      for (const asked of this.#asked) this.#send(wire, asked);
      wire.sync();
      return null;
    } catch (error) {
      return error;
    } finally {
      wire.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#prepared.set(this.#answered.statement.name, fields.map(columnOf));
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (this.#hasFailed) return;
    try {
      this.#rows.push(rowOf(this.#prepared.get(this.#answered.statement.name) ?? NO_COLUMNS, fields));
    } catch (error) {
      this.handleError(error);
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#given.push({ rows: this.#rows, command: text });
    this.#rows = [];
  }

  handleError(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    for (const { reject } of this.#asked) reject(error);
    this.callback(error);
  }

  /** Only now is committed what stood outside of a transaction. */
  handleReadyForQuery(): void {
    if (this.#hasFailed) return;
    for (const [index, { resolve }] of this.#asked.entries()) resolve(this.#given[index] as Given);
    this.callback(null);
  }

  /** The statement whose answer comes in. */
  get #answered(): Asked {
    return this.#asked[this.#given.length] as Asked;
  }

  #send(wire: Wire, { statement, values }: Asked): void {
    const isNew = !this.#prepared.has(statement.name);
    if (isNew) {
      wire.parse(statement);
      this.#prepared.set(statement.name, NO_COLUMNS);
    }
    wire.bind({ statement: statement.name, values, valueMapper: prepareValue });
    if (isNew) wire.describe({ type: 'P' });
    wire.execute({});
  }
}
