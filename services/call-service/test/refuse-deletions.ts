import type { TestDatabase } from '@trunkline/testing';

/** From now on, whoever deletes of this table fails: `not now`. */
export const refuseDeletions = async (database: TestDatabase, table: string): Promise<void> => {
  await database.query(`CREATE FUNCTION refuse_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$`);
  await database.query(`CREATE TRIGGER refuse BEFORE DELETE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_deletion()`);
};
