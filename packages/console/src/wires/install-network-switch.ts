import { installNetworkSwitch } from './network.ts';

// Before anything else: Socket.IO looks up WebSocket when it is loaded, and never again.
installNetworkSwitch();
