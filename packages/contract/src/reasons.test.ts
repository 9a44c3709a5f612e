import { describe, expect, it } from 'vitest';
import { ReasonText } from './call.ts';
import { cancelTextOf, reasonTextOf, rejectReasonOf, storablePart } from './reasons.ts';

describe('reasons of a reject', () => {
  it.each([
    ['busy', 'busy'],
    ['User busy', 'busy'],
    [' USER BUSY ', 'busy'],
    ['declined', 'declined'],
    ['User declined', 'declined'],
    ['manual_reject', 'declined'],
    ['unavailable', 'unavailable'],
    ['no_response', 'unavailable'],
    ['offline', 'unavailable'],
    ['User offline', 'offline'],
  ])('takes the word "%s" for %s', (word, reason) => {
    expect(rejectReasonOf(word)).toEqual({ reason });
  });

  it.each(['Later, please', 'Call ended', 'cancelled'])('keeps any other text, as "%s"', (reasonText) => {
    expect(rejectReasonOf(reasonText)).toEqual({ reason: 'declined', reasonText });
  });

  it.each([undefined, '', '   ', '\0'])('takes %j for a plain decline', (text) => {
    expect(rejectReasonOf(text)).toEqual({ reason: 'declined' });
  });
});

describe('free text', () => {
  it('is cut at 200 without cutting a character in two', () => {
    expect(reasonTextOf(`${'a'.repeat(199)}😀`)).toEqual({ reasonText: 'a'.repeat(199) });
  });

  it('loses NUL and half characters', () => {
    expect(storablePart('a\0b\uD83Dc\uDE00d😀', 200)).toBe('abcd😀');
  });

  it('says nothing where it only repeats the cancel', () => {
    for (const text of ['Caller cancelled', ' CANCELLED']) expect(cancelTextOf(text)).toEqual({});
    expect(cancelTextOf('Call ended')).toEqual({ reasonText: 'Call ended' });
  });

  it('can always be stored, wherever it is cut', () => {
    const text = `a\0\uDE00\uD83D${'😀b'.repeat(100)}`;
    for (let start = 0; start < text.length; start += 1) {
      const { reasonText } = reasonTextOf(text.slice(start));
      expect(reasonText === undefined || ReasonText.safeParse(reasonText).success).toBe(true);
    }
  });
});
