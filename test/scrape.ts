/** What a service says at `/metrics`: the value of a series, by its name and labels as they are written there. */
export class Scrape {
  readonly text: string;
  readonly #values: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.text = text;
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    this.#values = new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
  }

  /** 0 where nothing was counted yet. */
  value(series: string): number {
    return this.#values.get(`trunkline_${series}`) ?? 0;
  }

  /** The values of the labels of our own series. */
  labelValues(): string[] {
    const ours = [...this.#values.keys()].filter((series) => series.startsWith('trunkline_') && !series.includes('_bucket{'));
    return ours.flatMap((series) => [...series.matchAll(/="([^"]*)"/g)].map(([, value]) => value as string));
  }
}

export const scrape = async ({ url }: { url: string }): Promise<Scrape> => new Scrape(await (await fetch(`${url}/metrics`)).text());
