import { computed, effect } from '@preact/signals';
import { stored } from '../shell/stored.ts';
import { en } from './en.ts';
import { ja } from './ja.ts';

export type TextKey = keyof typeof en;
export type Language = 'en' | 'ja';

const TEXTS: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, ja };

const preferred = (): Language => (navigator.language.startsWith('ja') ? 'ja' : 'en');

export const language = stored<Language>('language', preferred(), ['en', 'ja']);

const texts = computed(() => TEXTS[language.value]);

effect(() => {
  document.documentElement.lang = language.value;
});

/** The text in the language of the page, with `{name}` replaced by what is given for it. */
export const t = (key: TextKey, values: Readonly<Record<string, string | number>> = {}): string =>
  texts.value[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** The text of a word that may be one of ours; else the word itself. */
export const textOfWord = (prefix: string, word: string): string => {
  const key = `${prefix}${word}`;
  return Object.hasOwn(en, key) ? t(key as TextKey) : word;
};
