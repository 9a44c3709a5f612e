import type { JSX } from 'preact';

const HUES = 6;

const hueOf = (text: string): number => [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7) % HUES;

/** A person, as a letter in a colour of theirs. */
export const Avatar = ({ name, isBig = false }: { name: string; isBig?: boolean }): JSX.Element => (
  <span class={`avatar hue-${hueOf(name.toLowerCase())}${isBig ? ' avatar-big' : ''}`} aria-hidden="true">
    {[...name][0]?.toUpperCase() ?? '?'}
  </span>
);
