/** FCM takes 4,096 bytes for everything, its own words and ours included. */
const MAX_DATA_BYTES = 3000;

/** FCM keeps these keys for itself, and refuses a message that has one. */
const isReserved = (key: string): boolean => /^(?:from|notification|message_type|collapse_key|(?:google|gcm)(?:\..*)?)$/.test(key);

/** Why FCM would refuse a push with this data; null where it takes it. */
export const whyUnpushable = (data: Readonly<Record<string, string>>): string | null => {
  if (Object.keys(data).some(isReserved)) return 'has a key that FCM keeps for itself';
  return Buffer.byteLength(JSON.stringify(data)) > MAX_DATA_BYTES ? `is larger than ${MAX_DATA_BYTES} bytes` : null;
};
