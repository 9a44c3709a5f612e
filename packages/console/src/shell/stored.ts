import { effect, type Signal, signal } from '@preact/signals';

const nameOf = (key: string): string => `trunkline-${key}`;

const read = (key: string): string | null => {
  try {
    return localStorage.getItem(nameOf(key));
  } catch {
    // A browser may keep nothing for this page.
    return null;
  }
};

const write = (key: string, value: string): void => {
  try {
    localStorage.setItem(nameOf(key), value);
  } catch {
    // The choice then lasts as long as the page.
  }
};

/** A choice that is kept in this browser, and shared by all its pages. */
export const stored = <Choice extends string>(key: string, otherwise: Choice, choices: readonly Choice[]): Signal<Choice> => {
  const choiceIn = (text: string | null): Choice => choices.find((choice) => choice === text) ?? otherwise;
  const choice = signal(choiceIn(read(key)));
  addEventListener('storage', (event) => {
    if (event.key === nameOf(key)) choice.value = choiceIn(event.newValue);
  });
  effect(() => {
    if (choice.value !== choiceIn(read(key))) write(key, choice.value);
  });
  return choice;
};
