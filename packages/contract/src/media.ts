export interface AgoraAccess {
  appId: string;
  channel: string;
  uid: number;
  token: string;
}

export interface LiveKitAccess {
  url: string;
  identity: string;
  token: string;
}

/** An entry of WebRTC's `RTCConfiguration.iceServers`. */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/** What one participant of an accepted call needs to join its media. Null is what is not set up on the server. */
export interface MediaAccess {
  /** The call's own: nobody else is ever let into a room of that name. */
  room: string;
  /** ISO 8601, by the server's clock. */
  expiresAt: string;
  ttlSeconds: number;
  agora: AgoraAccess | null;
  livekit: LiveKitAccess | null;
  iceServers: IceServer[];
}
