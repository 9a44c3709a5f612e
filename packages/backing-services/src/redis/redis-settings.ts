/** Redis holds hints, never the truth, so nothing is saved; BullMQ asks for `noeviction`. */
export const REDIS_SETTINGS = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
