export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}
