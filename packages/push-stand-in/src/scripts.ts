/** How requests are answered that would have been accepted. The first script that fits is used up first. */
export interface Script {
  provider?: 'fcm' | 'web_push';
  /** Of this token, installation id or endpoint alone. */
  target?: string;
  /** For so many requests; 1 where not given. */
  times?: number;
  /** Null accepts, after `delayMs`. */
  status: number | null;
  retryAfterSeconds?: number;
  delayMs?: number;
}

export interface Scripts {
  add(script: Script): void;
  take(provider: 'fcm' | 'web_push', target: string): Script | null;
}

export const createScripts = (): Scripts => {
  const waiting: { script: Script; left: number }[] = [];
  return {
    add: (script) => void waiting.push({ script, left: script.times ?? 1 }),
    take: (provider, target) => {
      const found = waiting.find(
        ({ script, left }) => left > 0 && (script.provider ?? provider) === provider && (script.target ?? target) === target,
      );
      if (found === undefined) return null;
      found.left -= 1;
      return found.script;
    },
  };
};
