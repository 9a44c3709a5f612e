import type { MediaAccess } from '@trunkline/client';

/** What the server gives a participant for the media of an answered call: nothing where it has nothing set up. */
export const readIceServers = async (restUrl: string, callId: string, token: string | null): Promise<RTCIceServer[]> => {
  try {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${restUrl}/v1/calls/${encodeURIComponent(callId)}/media`, { method: 'POST', headers });
    return response.ok ? ((await response.json()) as MediaAccess).iceServers : [];
  } catch {
    return [];
  }
};
