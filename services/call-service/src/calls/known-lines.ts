const MAX_KNOWN = 100_000;

/** Users of whom this process knows that they have a line: those need not be made before they are locked. */
export class KnownLines {
  readonly #users = new Set<string>();

  /** Whether all of them are known. */
  has(users: readonly string[]): boolean {
    return users.every((user) => this.#users.has(user));
  }

  /** Past the most that are kept, the oldest is forgotten. */
  add(users: readonly string[]): void {
    for (const user of users) this.#users.add(user);
    for (const oldest of this.#users) {
      if (this.#users.size <= MAX_KNOWN) return;
      this.#users.delete(oldest);
    }
  }

  forget(users: readonly string[]): void {
    for (const user of users) this.#users.delete(user);
  }
}
