import { effect } from '@preact/signals';
import { stored } from './stored.ts';

export type Theme = 'auto' | 'light' | 'dark';

export const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

export const theme = stored<Theme>('theme', 'auto', THEMES);

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});
