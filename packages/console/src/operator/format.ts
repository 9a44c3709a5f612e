import { language } from '../text/language.ts';

const locale = (): string => (language.value === 'ja' ? 'ja-JP' : 'en-GB');

export const timeOf = (iso: string): string =>
  new Date(iso).toLocaleString(locale(), { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const numberOf = (value: number): string => value.toLocaleString(locale(), { maximumFractionDigits: 1 });

/** `12 ms`, `3.4 s`, `2 min`. */
export const spanOf = (ms: number): string => {
  if (ms <= 0) return '0 s';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${numberOf(ms / 1000)} s` : `${numberOf(ms / 60_000)} min`;
};
