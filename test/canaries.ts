import { mintToken, TEST_JWT_SECRET, type TokenClaims } from '@trunkline/testing';

/** Words that are nowhere but in what people write, and in secrets: wherever one turns up, something leaked. */
export const CANARIES = {
  text: 'canary-text-of-a-message',
  reason: 'canary-text-of-a-reason',
  metadata: 'canary-of-metadata',
  attachment: 'https://example.com/canary-attachment',
  event: 'canary-of-an-event',
  badToken: 'eyJhbGciOiJIUzI1NiJ9.canary-payload-of-a-token.canary-signature',
  malformed: 'canary-of-a-malformed-frame',
  serverKey: 'canary-server-key-of-tests-only',
  internalToken: 'canary-internal-token-of-tests-only',
  jwtSecret: TEST_JWT_SECRET,
  mediaCertificate: 'fedcba9876543210fedcba9876543210',
  turnSecret: 'canary-secret-of-turn',
} as const;

export interface Leaks {
  /** Adds one that is only known at run time. */
  add(name: string, canary: string): void;
  /** A token whose use is watched. */
  token(userId: string, claims?: TokenClaims): Promise<string>;
  /** The names of the canaries that are in this text, however it may have been escaped. */
  in(text: string): string[];
}

const spellings = (canary: string): string[] => [
  canary,
  encodeURIComponent(canary),
  Buffer.from(canary).toString('base64').replace(/=+$/, ''),
  Buffer.from(canary).toString('hex'),
];

export const watchLeaks = (): Leaks => {
  const watched = new Map<string, string>(Object.entries(CANARIES));
  return {
    add: (name, canary) => void watched.set(name, canary),
    token: async (userId, claims) => {
      const token = await mintToken(userId, claims);
      // The signature alone would do to use it.
      watched.set(`token ${watched.size} of ${userId}`, token.split('.')[2] ?? '');
      return token;
    },
    in: (text) => [...watched].filter(([, canary]) => spellings(canary).some((spelt) => text.includes(spelt))).map(([name]) => name),
  };
};
