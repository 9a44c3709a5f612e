import { signal } from '@preact/signals';

/** `performance.now()`, renewed four times a second: for what counts up or down on a page. */
export const clock = signal(performance.now());

setInterval(() => {
  clock.value = performance.now();
}, 250);

/** `0:07`, `1:02:03`. */
export const asDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(s).padStart(2, '0');
  return h === 0 ? `${m}:${tail}` : `${h}:${String(m).padStart(2, '0')}:${tail}`;
};
